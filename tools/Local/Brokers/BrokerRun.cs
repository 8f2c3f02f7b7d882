using Relaybox.Local.EventSources;
using Relaybox.Local.Running;
using Relaybox.Local.Stack;

namespace Relaybox.Local.Brokers;

/// <summary>The broker of a run. Who wants more of it than this asks for it by its type.</summary>
internal abstract class BrokerRun : RunPart
{
    /// <summary>What a function pulls by itself, without an event source of Lambda's. Default: nothing.</summary>
    /// <param name="stack">The functions.</param>
    /// <param name="duplicates">Which messages come once more.</param>
    /// <returns>Null where no function of the stack pulls.</returns>
    public virtual IPulledSource? FindPulledSource(StackDefinition stack, DuplicatePlan duplicates) => null;

    /// <summary>The ids of all events that were published, one for each copy, in the broker's order. Default: null, the broker cannot say.</summary>
    /// <param name="environment">What <c>.relaybox/env</c> holds.</param>
    /// <param name="cancellationToken">Ends the reading.</param>
    public virtual IAsyncEnumerable<string>? ReadPublishedAsync(
        IReadOnlyDictionary<string, string> environment, CancellationToken cancellationToken) => null;
}
