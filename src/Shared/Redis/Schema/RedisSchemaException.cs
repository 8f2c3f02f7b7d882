using Relaybox.Diagnostics;

namespace Relaybox.Redis;

/// <summary>What Setup makes is missing, or is that of another version or number of buckets. The text says what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="innerException">What the server answered; its text is not for logs.</param>
internal sealed class RedisSchemaException(string message, Exception? innerException = null) : Exception(message, innerException), ISafeToLog
{
    /// <summary>Whether Setup has never run.</summary>
    internal bool IsMissing { get; init; }
}
