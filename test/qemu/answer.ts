/** What `netloom demo --json` prints, as far as these tests read it. */
export interface DemoAnswer {
  readonly version: number;
  readonly bridge: string;
  readonly vms: readonly {
    readonly name: string;
    readonly mac: string;
    readonly ip4: string;
    readonly ip6: string;
    readonly tap: string;
    readonly frames: { readonly fromGuest: number; readonly toGuest: number; readonly dropped: number };
  }[];
  readonly pings: readonly {
    readonly from: string;
    readonly target: string;
    readonly address: string;
    readonly sent: number;
    readonly received: number;
    readonly times: { readonly min: number; readonly avg: number; readonly max: number };
    readonly replies: readonly string[];
  }[];
}

export function readAnswer(stdout: string): DemoAnswer {
  return JSON.parse(stdout) as DemoAnswer;
}

/** What `netloom prune --json` prints. */
export interface PruneAnswer {
  readonly found: readonly {
    readonly kind: string;
    readonly what: string;
    readonly mark: string;
    readonly state: string;
  }[];
  readonly removed: readonly unknown[];
}

export function readPruned(stdout: string): PruneAnswer {
  return JSON.parse(stdout) as PruneAnswer;
}
