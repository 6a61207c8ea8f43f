import { start } from "../kit/start.tsx";
import { Forum } from "./forum.tsx";

start(<Forum />);
