namespace Relaybox.Settings;

/// <summary>How a relay that waits learns of a new row. All of them also poll.</summary>
internal enum StoreWakeUp
{
    /// <summary>The stream of the table invokes the relay.</summary>
    Stream,

    /// <summary>The store notifies a sweep that listens.</summary>
    Notification,

    /// <summary>By polling alone.</summary>
    Polling,
}
