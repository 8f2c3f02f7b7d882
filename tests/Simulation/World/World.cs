using Amazon.SQS.Model;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Outbox.Relay;
using Relaybox.Paging;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;
using Relaybox.Sqs;

namespace Relaybox.Simulation.World;

/// <summary>The models, the workers, and what drives them. Here: what there is.</summary>
internal sealed partial class World
{
    internal static readonly TimeSpan SentRetention = TimeSpan.FromHours(2);
    internal static readonly TimeSpan ProcessedRetention = TimeSpan.FromHours(4);
    internal static readonly TimeSpan InboxFailedRetention = TimeSpan.FromHours(3);

    private static readonly TimeSpan Visibility = TimeSpan.FromSeconds(190);

    private readonly ulong _seed;
    private int _processes;

    internal World(ulong seed, WorldOptions options, IReadOnlySet<int> suppressed, bool keepsText)
    {
        _seed = seed;
        Options = options;
        Loop = new SimLoop(new Dice(Dice.Mix(seed + 1)));
        Dice = new Dice(Dice.Mix(seed + 2));
        Faults = new FaultPlan(Dice.Mix(seed + 3), options.FaultRate, suppressed);
        Trace = new Trace(keepsText);
        Wire = new Wire(Loop, Faults, Trace, () => { });
        Checker = new Checker(Loop, options, () => Loop.Now + StoreSkew, Relay, Consumer.MaxAttempts, Maintenance);
        OutboxTable = new OutboxTable(options.KeepsOrder, new OutboxEvents(this));
        InboxTable = new InboxTable(OutboxTable, Checker);
        Queue = new ModelQueue("m", Visibility, options.IsFifo) { MaxReceives = 6, Dead = new ModelQueue("d", Visibility, options.IsFifo) };
        StoreSkew = Skew();
        Mongo = options.IsMongo ? new MongoServer(OutboxTable, InboxTable, () => Loop.Now + StoreSkew, Checker.Count, Object) : null;
    }

    internal WorldOptions Options { get; }

    internal SimLoop Loop { get; }

    internal Dice Dice { get; }

    internal FaultPlan Faults { get; }

    internal Trace Trace { get; }

    internal Wire Wire { get; }

    internal Checker Checker { get; }

    internal OutboxTable OutboxTable { get; }

    internal InboxTable InboxTable { get; }

    /// <summary>The server, where the store is MongoDB's model.</summary>
    internal MongoServer? Mongo { get; }

    internal Dictionary<string, JobState> Jobs { get; } = new(StringComparer.Ordinal);

    internal ModelQueue Queue { get; }

    internal ModelStream Stream { get; } = new(TimeSpan.FromMinutes(20), TimeSpan.FromSeconds(90));

    internal List<TaskCompletionSource> Listeners { get; } = [];

    internal TimeSpan StoreSkew { get; private set; }

    internal IMessageFormat Format { get; } = MessageFormats.Get("envelope");

    internal RelayOptions Relay { get; } = new() { BatchSize = 12, BatchBytes = 400, MaxAttempts = 4 };

    internal ConsumerOptions Consumer { get; } = new() { MaxAttempts = 4, RememberedFor = ProcessedRetention };

    internal MaintenanceOptions Maintenance { get; } = new()
    {
        SentRetention = SentRetention,
        ProcessedRetention = ProcessedRetention,
        InboxFailedRetention = InboxFailedRetention,
        PageSize = 10,

        // As few rows to a step as ever: what comes between two steps is what is looked for.
        StepTime = TimeSpan.Zero,
    };

    /// <summary>What does not hold, found where an exception would not get through.</summary>
    internal InvariantException? Violation { get; private set; }

    internal void Check(Action check)
    {
        try
        {
            check();
        }
        catch (InvariantException e)
        {
            Violation ??= e;
        }
    }

    private void Object(string what) => Check(() => throw new InvariantException("transaction", what));

    internal bool Strikes(SimProcess process, string what, double likelihood = 1)
    {
        if (!Faults.Strikes(Loop.Elapsed, $"{process.Name} {what}", likelihood))
        {
            return false;
        }

        Trace.Add(Loop.Elapsed, process.Name, what);
        return true;
    }

    /// <summary>What an index says that has not caught up: some that are due are missing.</summary>
    internal List<string> Stale(List<string> candidates) =>
        candidates.Count > 0 && Faults.Strikes(Loop.Elapsed, "the index is late") ? candidates[Dice.Next(candidates.Count)..] : candidates;

    /// <summary>A message was given up: its event's id, if it can be read.</summary>
    internal void Died(string body, Dictionary<string, MessageAttributeValue> attributes, int receives)
    {
        var fate = QueueServer.TryRead(body, attributes) is { } e ? Checker.Of(e.EventId) : null;
        if (attributes.GetValueOrDefault(SqsAttributes.SourceMessageId)?.StringValue is { } source)
        {
            _copiedToDead.Add(source);
        }

        Checker.Died(fate, attributes.GetValueOrDefault(SqsAttributes.ErrorCode)?.StringValue, receives, Deliveries(fate));
    }

    private int Deliveries(Fate? fate) => fate is null
        ? 0
        : InboxTable.Records.Where(record => record.EventId == fate.Written.Event.EventId).Select(record => record.Deliveries).DefaultIfEmpty().Max();

    private SimProcess NewProcess(string name) =>
        new(_processes, name, Loop, Dice.Mix(_seed + 1000 + (ulong)_processes++), Faults.IsHealed ? TimeSpan.Zero : Skew());

    private TimeSpan Skew() => Options.MaxSkew * ((2 * Dice.NextDouble()) - 1);
}
