using Microsoft.Extensions.Logging.Abstractions;
using Relaybox.Functions.Consume;
using Relaybox.Functions.Hosting;
using Relaybox.Functions.Maintenance;
using Relaybox.Functions.Relay;
using Relaybox.Inbox;
using Relaybox.Maintenance;
using Relaybox.Messaging;
using Relaybox.Operations;
using Relaybox.Outbox;
using Relaybox.Outbox.Relay;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;
using Relaybox.Sqs;

namespace Relaybox.Simulation.World;

/// <summary>The parts of one process, put together as the functions' own composition does it, on the models.</summary>
internal sealed class Env
{
    private static readonly JsonLines Nowhere = new(System.IO.Stream.Null);

    internal Env(World world, SimProcess process)
    {
        Process = process;
        var server = new StoreServer(world, process);
        var announces = !world.Options.KeepsOrder;
        IInboxRepository inbox;
        IOutboxSignal? signal;
        if (world.Mongo is { } mongo)
        {
            var client = new MongoClient(mongo, server, what => world.Strikes(process, what, 0.2));
            Outbox = new MongoOutbox(client, process);
            inbox = new MongoInbox(client, process);
            signal = new MongoSignal(world, process, client);
        }
        else
        {
            Outbox = new ModelOutbox(world.OutboxTable, server, process, announces, world.Options.KeepsOrder ? null : world.Stale);
            inbox = new ModelInbox(world.InboxTable, server, process, oneByOne: !world.Options.KeepsOrder, announces);
            signal = world.Options.KeepsOrder ? new ModelSignal(world, process) : null;
        }

        var queue = new QueueServer(world, process);
        var queueUrl = ModelSqs.QueueUrl(world.Options.IsFifo);
        var deadLetterQueueUrl = ModelSqs.DeadLetterQueueUrl(world.Options.IsFifo);
        var sqs = ModelSqs.Get(process.Number, queue);
        IMessagePublisher publisher = world.Options.IsQueue
            ? new SqsMessagePublisher(
                sqs, world.Format, new SqsPublisherOptions { QueueUrl = queueUrl }, process.Clock, NullLogger<SqsMessagePublisher>.Instance)
            : new StreamPublisher(world, process);
        var locks = world.Options.Locking > 0 && process.NextDouble() < world.Options.Locking;
        var relayOptions = world.Relay with { Mode = locks ? RelayMode.Locked : RelayMode.Lease };
        var relay = new OutboxRelay(Outbox, publisher, relayOptions, process, NullLogger<OutboxRelay>.Instance);
        var metrics = new MetricsWriter("simulation", "Relaybox", process.Clock, Nowhere);
        Sweep = new SweepRelayFunction(
            relay,
            Outbox,
            relayOptions,
            new SweepOptions(world.Options.KeepsOrder ? TimeSpan.FromSeconds(50) : TimeSpan.Zero),
            process.Clock,
            metrics,
            NullLogger<SweepRelayFunction>.Instance,
            signal);
        Stream = new StreamRelayFunction(relay, relayOptions, process.Clock, metrics, NullLogger<StreamRelayFunction>.Instance);

        var handlers = new HandlerRegistry("billing");
        handlers.AddRaw("orders.>", new SimHandler(world, process, "billing"));
        handlers.AddRaw("mails.*", new SimHandler(world, process, "billing"));
        handlers.AddRaw("orders.placed", new SimHandler(world, process, "shipping"), "shipping");
        Consumer = new InboxConsumer(inbox, handlers, world.Consumer, process.Clock, process, NullLogger<InboxConsumer>.Instance);
        Consume = new ConsumeFunction(
            Consumer,
            new SqsReader(),
            new SqsDeadLetters(sqs, deadLetterQueueUrl),
            new SqsVisibility(sqs, queueUrl, NullLogger<SqsVisibility>.Instance),
            process.Clock,
            metrics);

        var store = new ModelJobs(world.Jobs, server, process);
        var operations = new ModelOperations(world.OutboxTable, server);
        var consumers = new InboxConsumers(Checker.ConsumersOf);
        Desk = world.Options.HasOperators
            ? new OperatorDesk(
                Outbox,
                operations,
                new OperationStore(store),
                new PauseStore(store),
                process.Clock,
                process,
                deadLetters: new DeadLetterDesk(
                    world.Options.IsQueue
                        ? new SqsDeadLetterQueue(
                            sqs, queueUrl, deadLetterQueueUrl, new SqsReader(),
                            new SqsVisibility(sqs, deadLetterQueueUrl, NullLogger<SqsVisibility>.Instance), process.Clock)
                        : new StreamDeadLetters(world, process),
                    inbox, (IInboxOperations)inbox, consumers, process.Clock),
                replays: new ReplayDesk(Outbox, operations, publisher, world.Consumer, process.Clock, inbox: inbox, consumers: consumers))
            : null;
        var jobs = new MaintenanceJobs(Outbox, inbox, store, world.Maintenance, NullLogger<MaintenanceJobs>.Instance);
        Cleanup = new CleanupFunction(jobs, process.Clock, metrics);
        ResetStale = new ResetStaleFunction(jobs, process.Clock, metrics);
        Reconcile = new ReconcileFunction(jobs, process.Clock, metrics, NullLogger<ReconcileFunction>.Instance);
    }

    internal SimProcess Process { get; }

    internal IOutboxRepository Outbox { get; }

    internal SweepRelayFunction Sweep { get; }

    internal StreamRelayFunction Stream { get; }

    internal InboxConsumer Consumer { get; }

    internal ConsumeFunction Consume { get; }

    internal CleanupFunction Cleanup { get; }

    internal ResetStaleFunction ResetStale { get; }

    internal ReconcileFunction Reconcile { get; }

    /// <summary>The desk of operators; null: there are none.</summary>
    internal OperatorDesk? Desk { get; }
}
