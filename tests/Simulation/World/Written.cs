using Relaybox.Events;

namespace Relaybox.Simulation.World;

/// <summary>What an app has written, or tried to.</summary>
/// <param name="Event">The event.</param>
internal sealed record Written(OutboxEvent Event)
{
    /// <summary>Whether the row breaks the contract.</summary>
    public bool IsBad { get; init; }

    /// <summary>Whether its status is one that nobody may touch.</summary>
    public bool IsForeign { get; init; }

    /// <summary>Whether the broker never takes it.</summary>
    public bool IsRefused { get; init; }

    /// <summary>Whether it ends each process that publishes it.</summary>
    public bool IsFatal { get; init; }

    /// <summary>Whether its handlers always fail.</summary>
    public bool IsPoison { get; init; }

    /// <summary>Whether its handlers fail until somebody mends them.</summary>
    public bool IsBroken { get; init; }

    /// <summary>Whether the first consumer emits another event when it handles it.</summary>
    public bool Emits { get; init; }

    /// <summary>Whether its handlers swallow an error of the store, instead of throwing.</summary>
    public bool IsSwallowed { get; init; }

    /// <summary>Whether the app's operation swallows an error of the store.</summary>
    public bool Swallows { get; init; }

    /// <summary>Whether the transaction rolls back.</summary>
    public bool RollsBack { get; init; }
}
