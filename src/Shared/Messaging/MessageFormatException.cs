namespace Relaybox.Messaging;

/// <summary>A message cannot be read. The text says what is wrong and never holds content.</summary>
/// <param name="code">One of <see cref="Diagnostics.ErrorCodes"/>.</param>
/// <param name="message">What is wrong.</param>
public sealed class MessageFormatException(string code, string message) : FormatException(message)
{
    /// <summary>One of <see cref="Diagnostics.ErrorCodes"/>.</summary>
    public string Code { get; } = code;
}
