import { Problem } from "../../client/src/index.ts";
import { Cell } from "../kit/cell.ts";
import { follow } from "../kit/session.ts";
import { loadBoard, type Board } from "./api.ts";
import { forgetDrafts } from "./drafts.ts";

export interface BoardState {
  /** Null until it is loaded, and whenever nobody is logged in. */
  board: Board | null;
  problem: Problem | null;
}

const nothing: BoardState = { board: null, problem: null };
export const boardState = new Cell<BoardState>(nothing);

/** Counts the loads, so that only the newest response is shown. */
let newest = 0;

follow({
  arrived: () => void load(),
  hidden: forget,
  left: () => {
    forget();
    forgetDrafts();
  },
});

function forget(): void {
  newest++;
  boardState.value = nothing;
}

/** Loads the threads. The old ones stay until the response arrives. */
export async function load(): Promise<void> {
  const mine = ++newest;
  boardState.value = { ...boardState.value, problem: null };
  try {
    const board = await loadBoard();
    if (mine === newest) boardState.value = { board, problem: null };
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (mine === newest) boardState.value = { ...boardState.value, problem: error };
  }
}
