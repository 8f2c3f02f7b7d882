namespace Relaybox.Local.Chaos;

/// <summary>What can be done to a stack.</summary>
internal enum Fault
{
    /// <summary>A function's process is killed.</summary>
    Kill,

    /// <summary>A function's process stands still for longer than its leases, and goes on: whatever it does then comes too late.</summary>
    Pause,

    /// <summary>The database ends at once, with all its connections, and comes back.</summary>
    RestartPostgres,

    /// <summary>The functions' connections to the database are ended.</summary>
    CutPostgres,

    /// <summary>The NATS server is killed and comes back.</summary>
    RestartNats,

    /// <summary>An emulator stands still for a while: calls hang, and some are answered too late.</summary>
    PauseEmulator,
}
