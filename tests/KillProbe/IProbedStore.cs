using Relaybox.Inbox;

namespace Relaybox.KillProbe;

/// <summary>A store that is reached through a proxy, which kills the process where the step is on the wire.</summary>
internal interface IProbedStore : IAsyncDisposable
{
    IInboxRepository Inbox { get; }

    /// <summary>The handler, which kills the process where the step is in it.</summary>
    IMessageHandler<string> Handler { get; }
}
