using Amazon.Lambda.Core;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Outbox;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;
using Relaybox.Sqs;
using Relaybox.Timing;

namespace Relaybox.Simulation.World;

// What drives the workers: apps that write, schedules, and the event sources of stream and queue.
internal sealed partial class World
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly List<TableRow> _shard = [];
    private int _shardAt;
    private int _shardTries;

    private bool IsOver { get; set; }

    /// <summary>Sets everything going.</summary>
    internal void Begin()
    {
        PlanEvents();
        for (var i = 0; i < Options.Relays; i++)
        {
            var slot = new Slot($"relay-{i}");
            Every(
                Minute, () => Run(slot, Options.KeepsOrder ? 75 : 55, (env, context) => env.Sweep.HandleAsync(new ScheduleInput("sweep"), context)));
        }

        for (var i = 0; i < Options.Consumers; i++)
        {
            var slot = new Slot($"consumer-{i}");
            Every(TimeSpan.FromSeconds(5), () => Poll(slot));
        }

        if (!Options.KeepsOrder)
        {
            var slot = new Slot("stream-relay");
            Every(TimeSpan.FromSeconds(2), () => PollShard(slot));
        }

        // Two of each, since schedules fire twice now and then.
        foreach (var n in (ReadOnlySpan<int>)[1, 2])
        {
            var slot = new Slot($"reset-{n}");
            Every(TimeSpan.FromMinutes(5), () => Run(slot, 60, (env, context) => env.ResetStale.HandleAsync(new ScheduleInput("reset"), context)));
            var cleaner = new Slot($"cleanup-{n}");
            Every(
                TimeSpan.FromMinutes(40),
                () => Run(cleaner, 60, (env, context) => env.Cleanup.HandleAsync(new ScheduleInput("cleanup"), context)),
                lasts: true);
        }

        var reconcile = new Slot("reconcile");
        Every(
            TimeSpan.FromMinutes(6), () => Run(reconcile, 60, (env, context) => env.Reconcile.HandleAsync(new ScheduleInput("reconcile"), context)));
        Every(TimeSpan.FromMinutes(2), SkipParked);
        Every(TimeSpan.FromMinutes(1), Forge);
        if (Options.HasOperators)
        {
            BeginOperators();
        }
    }

    /// <summary>From here on nothing goes wrong any more.</summary>
    internal void Heal()
    {
        Faults.IsHealed = true;
        if (!Options.IsMongo)
        {
            StoreSkew = TimeSpan.Zero;
        }

        foreach (var process in _alive)
        {
            process.Clock.Skew = TimeSpan.Zero;
        }
    }

    internal void End() => IsOver = true;

    /// <summary>A new row: who listens wakes, and the stream has a record of it.</summary>
    internal void Announce(TableRow row)
    {
        foreach (var listener in Listeners)
        {
            listener.TrySetResult();
        }

        Listeners.Clear();
        if (!Options.KeepsOrder)
        {
            _shard.Add(row with { });
        }
    }

    private readonly List<SimProcess> _alive = [];

    private void Every(TimeSpan period, Action action, bool lasts = false)
    {
        Loop.After(period * Dice.NextDouble(), Tick);

        void Tick()
        {
            if (!IsOver && (lasts || !IsClearingUp))
            {
                action();
                Loop.After(period * (0.9 + (0.2 * Dice.NextDouble())), Tick);
            }
        }
    }

    private void Run<T>(Slot slot, int seconds, Func<Env, ILambdaContext, Task<T>> work) => Invoke(slot, seconds, work, _ => { });

    /// <summary>Invokes a function. A process that outlives its deadline is ended, sooner or later.</summary>
    private void Invoke<T>(Slot slot, int seconds, Func<Env, ILambdaContext, Task<T>> work, Action<T?> ended)
    {
        if (slot.IsBusy)
        {
            return;
        }

        if (slot.Env is null or { Process.IsDead: true })
        {
            slot.Env = new Env(this, NewProcess($"{slot.Name}.{++slot.Processes}"));
            _alive.Add(slot.Env.Process);
        }

        var env = slot.Env;
        var process = env.Process;
        var timeout = TimeSpan.FromSeconds(seconds);
        var context = new LambdaContext(Loop, Loop.Now + timeout);
        var open = true;
        slot.IsBusy = true;
        process.Start(async () =>
        {
            T? result = default;
            try
            {
                result = await work(env, context);
            }
            catch (Exception e)
            {
                Trace.Add(Loop.Elapsed, process.Name, "failed", e.GetType().Name);
            }

            Loop.After(TimeSpan.Zero, () => Finish(result));
        });
        var late = Strikes(process, "is not stopped at its deadline", 0.5) ? Faults.LongPause() : TimeSpan.Zero;
        Loop.After(timeout + late, () =>
        {
            if (open)
            {
                Wire.Crash(process);
                Finish(default);
            }
        });

        // A process that died is noticed sooner.
        Loop.After(TimeSpan.FromSeconds(10), Watch);

        void Watch()
        {
            if (open && process.IsDead)
            {
                Finish(default);
            }
            else if (open)
            {
                Loop.After(TimeSpan.FromSeconds(10), Watch);
            }
        }

        void Finish(T? result)
        {
            if (!open)
            {
                return;
            }

            open = false;
            slot.IsBusy = false;
            if (process.IsDead)
            {
                _alive.Remove(process);
                ended(default);
            }
            else
            {
                ended(result);
            }
        }
    }

    private void PlanEvents()
    {
        var last = TimeSpan.Zero;
        for (var i = 0; i < Options.Events; i++)
        {
            var written = PlanEvent(i);
            Checker.Plan(written);
            var at = Options.Storm * (0.8 * Dice.NextDouble());
            if (written.Event.OrderingKey is not null)
            {
                // One app writes the events of a key, one after another.
                at = Options.Storm * (0.8 * i / Options.Events);
            }

            if (Options.IsMongo && i % 3 != 0)
            {
                // Several at once, so that their transactions meet.
                at = last + TimeSpan.FromMilliseconds(Dice.Next(150));
            }

            last = at;
            Loop.After(at, () => Write(written, tries: 0));
        }
    }

    /// <summary>Ends a process that publishes an event which no process survives.</summary>
    internal async Task PublishFatalAsync(SimProcess process, IEnumerable<string> eventIds)
    {
        if (eventIds.Any(id => Checker.Of(id).Written.IsFatal))
        {
            Wire.Crash(process);
            await new TaskCompletionSource().Task;
        }
    }

    private Written PlanEvent(int i)
    {
        var kind = Dice.Next(20);
        var key = Dice.Chance(0.6) ? $"key-{Dice.Next(Options.Keys)}" : null;
        var isBad = kind == 0;
        var e = new OutboxEvent
        {
            EventId = $"e-{i}",
            Subject = isBad ? "orders placed!" : "orders.placed",
            Payload = Dice.Pick("{\"n\": 1}", "{\"a\":\"\\ud800\",\"b\":[1.0,2e3]}", "not json", "", "{\"t\":\"é \U0001F680\"}", "\"text\"")
                + (Dice.Chance(0.2) ? "\n" : "")
                + (Dice.Chance(0.2) ? new string('x', Dice.Between(50, 300)) : ""),
            Headers = Dice.Chance(0.3)
                ? new Dictionary<string, string> { ["traceparent"] = "00-a-b-01", ["x"] = $"é{i}" }
                : new Dictionary<string, string>(),
            OrderingKey = key,
            EnqueuedAt = Dice.Chance(0.3) ? Loop.Now - TimeSpan.FromDays(Dice.Next(30)) : null,
            AvailableAt = Dice.Chance(0.15) ? Loop.Now + (Options.Storm * Dice.NextDouble()) : null,
        };
        return new Written(e)
        {
            IsBad = isBad,
            IsForeign = kind == 1,
            IsPoison = kind == 2,
            IsSwallowed = kind == 2 && i % 2 == 0 && Options.IsMongo,
            Swallows = kind == 6 && Options.IsMongo,
            RollsBack = kind == 3,
            IsRefused = kind == 4,
            IsBroken = kind is 7 or 8 && Options.HasOperators,
            IsFatal = kind == 5 && Options.HasFatalEvents,
            Emits = Dice.Chance(0.25),
        };
    }

    // The app's transaction: it takes its row's number at its beginning, and commits later, or never. Where the outcome is
    // unknown, the app writes the same event again.
    private void Write(Written written, int tries)
    {
        if (Options.IsMongo && !written.IsForeign)
        {
            WriteInTransaction(written, calls: 1);
            return;
        }

        var rowId = OutboxTable.NextRowId();
        var open = written.Event.OrderingKey is null && Dice.Chance(0.3) ? TimeSpan.FromSeconds(Dice.Between(1, 90)) : TimeSpan.Zero;
        Loop.After(open, () =>
        {
            if (written.RollsBack)
            {
                return;
            }

            Trace.Add(Loop.Elapsed, "app", "writes", written.Event.EventId);
            if (written.IsForeign)
            {
                var row = new TableRow(written.Event.EventId, rowId)
                {
                    Status = "paused", Subject = "orders.placed", Payload = "{}", DueAt = Loop.Now,
                };
                Checker.Inserted(row);
                OutboxTable.Put(row);
                Mongo?.Note(DocumentId.Row(row.EventId));
                return;
            }

            if (!Options.KeepsOrder && written.Event.AvailableAt is not null && OutboxTable.Find(written.Event.EventId) is null && Dice.Chance(0.5))
            {
                WriteByHand(written.Event, rowId);
                return;
            }

            OutboxTable.FindOrCreate(written.Event, Options.KeepsOrder ? Loop.Now + StoreSkew : Loop.Now, Options.KeepsOrder, rowId);
            if (tries < 2 && Faults.Strikes(Loop.Elapsed, $"app does not hear of the commit of {written.Event.EventId}"))
            {
                Loop.After(TimeSpan.FromSeconds(3), () => Write(written, tries + 1));
            }
        });
    }

    // An app that does not know the index: the stream alone brings its row.
    private void WriteByHand(OutboxEvent e, long rowId)
    {
        var row = new TableRow(e.EventId, rowId)
        {
            Status = OutboxStatusText.Pending,
            Subject = e.Subject,
            Payload = e.Payload,
            Headers = e.Headers,
            OrderingKey = e.OrderingKey,
            EnqueuedAt = e.EnqueuedAt,
            AvailableAt = e.AvailableAt,
        };
        Checker.Inserted(row);
        OutboxTable.Put(row);
        Announce(row);
    }

    // Somebody sends another event under an id that is used, or something that is no event at all.
    private void Forge()
    {
        if (!Options.IsQueue || !Faults.Strikes(Loop.Elapsed, "somebody sends a forged message", 3))
        {
            return;
        }

        var used = Checker.Fates.Values.Where(fate => fate.Successes.Count == Checker.ConsumersOf(fate.Written.Event.Subject).Count).ToList();
        if (used.Count == 0)
        {
            Queue.Send("{ not an event", [], Loop.Now);
            return;
        }

        var e = used[Dice.Next(used.Count)].Written.Event with { Payload = "forged" };
        Queue.Send(SqsEntry.Create(0, e, Format, new SqsPublisherOptions { QueueUrl = "" }).Body, [], Loop.Now);
    }

    /// <summary>Messages of events that are long forgotten come back, as from a dead-letter queue.</summary>
    internal void Redrive()
    {
        IsClearingUp = false;
        foreach (var (body, attributes) in _sent.Take(3))
        {
            Queue.Send(body, attributes, Loop.Now);
        }

        for (var i = 0; i < 2; i++)
        {
            var slot = new Slot($"late-consumer-{i}");
            Every(TimeSpan.FromSeconds(5), () => Poll(slot));
        }
    }

    /// <summary>Remembers a message that the queue took.</summary>
    internal void Sent(string body, Dictionary<string, Amazon.SQS.Model.MessageAttributeValue> attributes) => _sent.Add((body, attributes));

    private readonly List<(string Body, Dictionary<string, Amazon.SQS.Model.MessageAttributeValue> Attributes)> _sent = [];

    // An operator lets a key go on without its parked row.
    private void SkipParked()
    {
        foreach (var row in OutboxTable.Rows)
        {
            if (row is { Parsed: OutboxStatus.Failed or OutboxStatus.Unknown, OrderingKey: not null, SkippedAt: null }
                && Mongo?.IsHeld(DocumentId.Row(row.EventId)) != true)
            {
                OutboxTable.Skip(row.EventId, Loop.Now);
                Mongo?.Note(DocumentId.Row(row.EventId));
                Checker.Of(row.EventId).IsSkipped = true;
                Trace.Add(Loop.Elapsed, "operator", "skips", row.EventId);
            }
        }
    }
}
