namespace Relaybox.Nats;

/// <summary>The ways in which the wait for an acknowledgement ends.</summary>
internal enum NatsAnswerKind
{
    /// <summary>A stream has the message.</summary>
    Accepted,

    /// <summary>A stream had a message under this id already, and did not store this one.</summary>
    KnownCopy,

    /// <summary>A stream answered with an error, and does not have the message.</summary>
    Refused,

    /// <summary>No stream is bound to the subject, or its leader is away.</summary>
    NoResponders,

    /// <summary>This user may not publish to the subject.</summary>
    Forbidden,

    /// <summary>This user may not subscribe to the subject that acknowledgements come to.</summary>
    Deaf,

    /// <summary>An answer came that names no stream. A stream may have the message.</summary>
    Malformed,

    /// <summary>No answer came in time. A stream may have the message.</summary>
    Silent,

    /// <summary>The connection was lost before the answer came. A stream may have the message.</summary>
    Lost,

    /// <summary>The caller stopped waiting. A stream may have the message.</summary>
    Abandoned,
}
