using Relaybox.Events;

namespace Relaybox.Messaging;

/// <summary>A message cannot be read. The text says what is wrong and never holds content.</summary>
/// <param name="code">One of <see cref="ErrorCodes"/>.</param>
/// <param name="message">What is wrong.</param>
public sealed class MessageFormatException(string code, string message) : FormatException(message)
{
    /// <summary>One of <see cref="ErrorCodes"/>.</summary>
    public string Code { get; } = code;

    internal static MessageFormatException Unreadable(string message) => new(ErrorCodes.MessageUnreadable, message);
}
