using Relaybox.Diagnostics;

namespace Relaybox.Messaging;

/// <summary>A payload store cannot be used, or does not have a payload. The text says what to do and holds no secret.</summary>
/// <param name="message">What is wrong, where, and what to do.</param>
/// <param name="isMissing">Whether the store answered that it does not have the payload. Otherwise it is away for now.</param>
/// <param name="innerException">What the store's client threw.</param>
public sealed class PayloadStoreException(string message, bool isMissing, Exception? innerException = null)
    : IOException(message, innerException), ISafeToLog
{
    /// <summary>Whether the store answered that it does not have the payload. Otherwise it is away for now.</summary>
    public bool IsMissing { get; } = isMissing;
}
