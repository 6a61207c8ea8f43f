/** A promise that is settled from outside: all requests wait for it while the form is open. */
export declare class Gate {
    readonly passed: Promise<void>;
    open: () => void;
    shut: (reason: Error) => void;
    constructor();
}
