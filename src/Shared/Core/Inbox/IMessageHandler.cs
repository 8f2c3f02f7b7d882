namespace Relaybox.Inbox;

/// <summary>The user's code for one kind of message.</summary>
/// <typeparam name="T">What the payload is read as.</typeparam>
public interface IMessageHandler<in T>
{
    /// <summary>
    /// Handles one message. It is called again after a failure, a crash or a lost claim, so effects happen exactly once
    /// only where they are enlisted in <see cref="MessageContext.Transaction"/>.
    /// </summary>
    /// <param name="message">The payload.</param>
    /// <param name="context">The message around it.</param>
    /// <param name="cancellationToken">Cancels shortly before the invocation's deadline.</param>
    Task HandleAsync(T message, MessageContext context, CancellationToken cancellationToken);
}
