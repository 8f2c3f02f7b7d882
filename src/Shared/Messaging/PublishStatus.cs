namespace Relaybox.Messaging;

/// <summary>What a broker said of one message.</summary>
public enum PublishStatus
{
    /// <summary>The broker has it. The only answer that makes a row sent.</summary>
    Accepted,

    /// <summary>The broker will never take it; retrying is useless.</summary>
    Rejected,

    /// <summary>The broker failed on it, or its answer was lost; it may or may not have it.</summary>
    Unknown,

    /// <summary>The broker was out of reach, throttled or refused the caller; no fault of the message, so no attempt is used up.</summary>
    Unavailable,
}
