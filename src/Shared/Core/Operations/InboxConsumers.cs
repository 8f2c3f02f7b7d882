namespace Relaybox.Operations;

/// <summary>The consumers whose records belong to a message.</summary>
/// <param name="Names">Their names.</param>
internal sealed record InboxConsumers(IReadOnlyList<string> Names);
