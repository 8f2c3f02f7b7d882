namespace Relaybox.MongoDb;

/// <summary>The server refused to insert a document, such as by a validator. The transaction has ended.</summary>
/// <param name="code">The server's code.</param>
internal sealed class RefusedWriteException(int code) : InvalidOperationException($"The server refused a row (error {code}).")
{
    internal int Code { get; } = code;
}
