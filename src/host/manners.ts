/** Statuses that the host answers with; other than 0: it does nothing of what it was asked. */
export interface HostStatuses {
  /** Of MODIFYCHANNEL_RESPONSE. Default 0. */
  readonly modifyChannel?: number;
  /** Of OPENCHANNEL_RESULT. Default 0. */
  readonly open?: number;
}

/** Wherein hosts differ from each other without breaking the protocol. */
export interface HostManners {
  /**
   * What comes of a MODIFYCHANNEL for a channel that is not open, or has been taken back: an answer that says so, or nothing,
   * as Linux expects of Hyper-V. A host that ignores it follows for a channel that is taken back and still open. Default
   * `fails`.
   */
  readonly modifyClosed?: 'fails' | 'ignored';
  readonly status?: HostStatuses;
}
