using Relaybox.Diagnostics;

namespace Relaybox.MongoDb;

/// <summary>The collections are missing, or are those of another version of Relaybox. The text says what to do.</summary>
/// <param name="message">What is wrong, and what to do.</param>
internal sealed class MongoSchemaException(string message) : Exception(message), ISafeToLog
{
    /// <summary>Whether Setup has never run.</summary>
    internal bool IsMissing { get; init; }
}
