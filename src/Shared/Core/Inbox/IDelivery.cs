using Relaybox.Messaging;

namespace Relaybox.Inbox;

/// <summary>A message as a broker delivered it, which waits for its answer.</summary>
internal interface IDelivery
{
    /// <summary>The broker's name for the message, as logs show it.</summary>
    string MessageId { get; }

    /// <summary>Reads the message in the format that it names, or that its body shows.</summary>
    /// <exception cref="MessageFormatException">The message cannot be read.</exception>
    InboxMessage Read();

    /// <summary>Copies the message to the dead letters. The original may be ended only once this has returned.</summary>
    /// <param name="dead">Why the message can never be handled.</param>
    /// <param name="cancellationToken">Ends the wait; whether there is a copy is then unknown.</param>
    Task CopyToDeadLettersAsync(MessageOutcome.DeadLetter dead, CancellationToken cancellationToken);
}
