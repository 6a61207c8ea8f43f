import { start } from "../kit/start.tsx";
import { Shop } from "./shop.tsx";

start(<Shop />);
