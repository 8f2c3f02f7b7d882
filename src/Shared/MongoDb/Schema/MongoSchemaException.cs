using Relaybox.Diagnostics;

namespace Relaybox.MongoDb;

/// <summary>The collections are missing, or are those of another version of Relaybox. The text says what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
/// <param name="innerException">What the server answered; its text is not for logs.</param>
internal sealed class MongoSchemaException(string message, Exception? innerException = null) : Exception(message, innerException), ISafeToLog
{
    /// <summary>Whether Setup has never run.</summary>
    internal bool IsMissing { get; init; }
}
