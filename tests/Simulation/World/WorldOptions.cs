using Relaybox.Simulation.Engine;

namespace Relaybox.Simulation.World;

/// <summary>What a seed makes of the world: how large it is, and how bad.</summary>
internal sealed record WorldOptions
{
    /// <summary>The store's model.</summary>
    public required StoreKind Store { get; init; }

    /// <summary>Whether the store keeps order; otherwise it has a stream.</summary>
    public bool KeepsOrder => Store != StoreKind.DynamoDb;

    /// <summary>Whether the store is MongoDB's model.</summary>
    public bool IsMongo => Store == StoreKind.MongoDb;

    /// <summary>Whether the broker is SQS's model, behind the real publisher and function; otherwise a stream.</summary>
    public required bool IsQueue { get; init; }

    public required int Relays { get; init; }

    public required int Consumers { get; init; }

    public required int Events { get; init; }

    public required int Keys { get; init; }

    public required TimeSpan MaxSkew { get; init; }

    /// <summary>How likely a call is to go wrong.</summary>
    public required double FaultRate { get; init; }

    /// <summary>For how long events are written, and things go wrong.</summary>
    public required TimeSpan Storm { get; init; }

    /// <summary>How likely a process relays by locks instead of leases; the store keeps order then.</summary>
    public required double Locking { get; init; }

    /// <summary>Whether some events end each process that publishes them.</summary>
    public required bool HasFatalEvents { get; init; }

    /// <summary>Whether operators act on parked rows and dead letters.</summary>
    public bool HasOperators { get; init; }

    /// <summary>Whether the queue is a FIFO queue.</summary>
    public bool IsFifo { get; init; }

    internal static WorldOptions Of(ulong seed)
    {
        var dice = new Dice(Dice.Mix(seed ^ 0x5EED));
        var options = new WorldOptions
        {
            Store = dice.Chance(0.5) ? StoreKind.Postgres : StoreKind.DynamoDb,
            IsQueue = dice.Chance(0.6),
            Relays = dice.Between(2, 5),
            Consumers = dice.Between(2, 5),
            Events = dice.Between(4, 16),
            Keys = dice.Between(1, 3),
            MaxSkew = TimeSpan.FromSeconds(dice.Pick(0, 0, 5, 600)),
            FaultRate = dice.Pick(0, 0.02, 0.05, 0.1, 0.1, 0.2, 0.3, 0.4),
            Storm = TimeSpan.FromMinutes(dice.Between(4, 12)),
            Locking = 0,
            HasFatalEvents = dice.Chance(0.2),
        };

        // By the seed itself, so that the seeds of the other stores stay what they are.
        return seed % 3 == 2 ? options with { Store = StoreKind.MongoDb }
            : options with
            {
                Locking = options.KeepsOrder ? dice.Pick(0, 0, 0.5, 1) : 0,
                HasOperators = seed % 5 == 4,
                IsFifo = options.IsQueue && seed % 10 == 9,
            };
    }

    public override string ToString() =>
        $"{(HasFatalEvents ? "fatal events, " : "")}{(HasOperators ? "operators, " : "")}{Store}, "
        + $"{(IsFifo ? "FIFO queue" : IsQueue ? "queue" : "stream broker")}, {Relays} relays, "
        + $"{Consumers} consumers, {Events} events, {Keys} keys, {Locking:P0} of relays lock, "
        + $"clocks off by up to {MaxSkew.TotalSeconds} s, faults {FaultRate:P0}, storm of {Storm.TotalMinutes} min";
}
