/** A promise that is resolved or rejected from outside. */
export declare class Deferred {
    readonly promise: Promise<void>;
    resolve: () => void;
    reject: (reason: Error) => void;
    constructor();
}
