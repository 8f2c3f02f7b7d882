using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

// Apps on MongoDB: each write is a process with a transaction of several statements, and the writer tells it what became of it.
internal sealed partial class World
{
    private const int MostCalls = 5;

    /// <summary>What an app writes beside an event.</summary>
    internal static string BusinessOf(string eventId) => $"app:{eventId}";

    private void WriteInTransaction(Written written, int calls)
    {
        var process = NewProcess($"app-{written.Event.EventId}.{calls}");
        var client = new MongoClient(Mongo!, new StoreServer(this, process), what => Strikes(process, what, 0.2));
        var isOver = false;
        _alive.Add(process);
        process.Start(async () =>
        {
            Told told;
            try
            {
                told = await new MongoWriter(client).ExecuteAsync(OperateAsync, written.Event);
            }
            catch (NotSupportedException)
            {
                told = Told.Failed;
            }

            Loop.After(TimeSpan.Zero, () => Finish(told));
        });

        // What waits for the app sees at last that it has died.
        Loop.After(TimeSpan.FromMinutes(15), () => Finish(null));

        async Task OperateAsync(MongoSession session)
        {
            await session.ExecuteAsync("app.write", WriteBusiness, CancellationToken.None);
            if (process.NextDouble() < 0.3)
            {
                // Now and then for longer than the server keeps a transaction.
                await process.SleepAsync(TimeSpan.FromSeconds(process.NextDouble() < 0.1 ? 90 : 1), CancellationToken.None);
            }

            if (written.Swallows)
            {
                await SwallowAsync(session);
            }
            else if (written.RollsBack)
            {
                await MongoInsert.InsertAsync(session, Mongo!, written.Event, CancellationToken.None);
                throw new NotSupportedException("The app changes its mind.");
            }
        }

        bool WriteBusiness(MongoTransaction transaction)
        {
            var business = BusinessOf(written.Event.EventId);
            Mongo!.Write(transaction, DocumentId.Effect(business), changes: true, () => InboxTable.AddEffect(business));
            return true;
        }

        async Task SwallowAsync(MongoSession session)
        {
            try
            {
                await session.ExecuteAsync("app.refused", Refuse, CancellationToken.None);
            }
            catch (MongoFailure e) when (e.Code == MongoFailure.DuplicateKey)
            {
                Check(() => Checker.Swallowed(process.Name));
            }
        }

        bool Refuse(MongoTransaction transaction)
        {
            Mongo!.Refuse(transaction);
            return true;
        }

        void Finish(Told? told)
        {
            if (isOver)
            {
                return;
            }

            isOver = true;
            process.Kill();
            _alive.Remove(process);
            Trace.Add(Loop.Elapsed, process.Name, "is told", told?.ToString() ?? "nothing");
            Check(() => Checker.Told(written, told));
            if (told is null or Told.Unknown && calls < MostCalls)
            {
                Loop.After(TimeSpan.FromSeconds(3), () => WriteInTransaction(written, calls + 1));
            }
        }
    }
}
