namespace Relaybox.Settings;

/// <summary>Whose clock decides about leases and due times.</summary>
internal enum StoreClock
{
    /// <summary>The clock of the function that makes the call.</summary>
    Function,

    /// <summary>The clock of the database server.</summary>
    Server,
}
