namespace Relaybox.Messaging;

/// <summary>What a broker said of one message.</summary>
internal enum PublishStatus
{
    /// <summary>The broker has it. The only answer that makes a row sent.</summary>
    Accepted,

    /// <summary>The broker will never take it; retrying is useless.</summary>
    Rejected,

    /// <summary>The broker failed on it, or its answer was lost; it may or may not have it.</summary>
    Unknown,

    /// <summary>
    /// The broker was out of reach, throttled, refused the caller or did not answer in time. It may have the message all the
    /// same. No fault of the message, so no attempt is used up.
    /// </summary>
    Unavailable,
}
