namespace Relaybox.Operations;

/// <summary>The consumers whose records belong to a message.</summary>
/// <param name="Of">Their names, by the message's subject.</param>
internal sealed record InboxConsumers(Func<string, IEnumerable<string>> Of);
