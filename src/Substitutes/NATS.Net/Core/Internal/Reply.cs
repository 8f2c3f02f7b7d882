namespace NATS.Client.Core.Internal;

/// <summary>What came back for a request.</summary>
/// <param name="NoResponders">The server says that nobody listens to the request's subject.</param>
/// <param name="Value">What the request's reader made of the payload.</param>
internal readonly record struct Reply(bool NoResponders, object? Value);
