namespace Relaybox.Inbox;

/// <summary>What a consumer has done with an event.</summary>
internal enum InboxStatus
{
    /// <summary>A status that this version does not know.</summary>
    Unknown,

    /// <summary>Claimed by a worker until its lease ends.</summary>
    Processing,

    /// <summary>Done. It is never handled again.</summary>
    Processed,

    /// <summary>The last attempt failed; the next delivery may claim it again, until the attempts are used up.</summary>
    Failed,
}
