using Relaybox.Diagnostics;
using Relaybox.Events;

namespace Relaybox.Simulation.Model;

/// <summary>An app's writer, in the steps of the real <c>MongoOutboxWriter</c>: business data and event in one transaction.</summary>
internal sealed class MongoWriter(MongoClient client)
{
    private const int MaxTries = 20;

    /// <summary>Runs an operation, and writes its event with what it has written.</summary>
    /// <param name="operation">The operation. It is run again where its transaction meets another one.</param>
    /// <param name="outboxEvent">The event.</param>
    internal async Task<Told> ExecuteAsync(Func<MongoSession, Task> operation, OutboxEvent outboxEvent)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await ExecuteOnceAsync(operation, outboxEvent);
            }
            catch (MongoFailure e) when (e.EndsTransaction && attempt < MaxTries)
            {
                // Nothing of it is there: all of it is run again.
                await client.PauseAsync(attempt, CancellationToken.None);
            }
            catch (MongoFailure e) when (e.IsUnknownCommit)
            {
                return Told.Unknown;
            }
            catch (MongoFailure)
            {
                return Told.Failed;
            }
        }
    }

    private async Task<Told> ExecuteOnceAsync(Func<MongoSession, Task> operation, OutboxEvent outboxEvent)
    {
        var errors = ErrorWatch.Start(MongoFailure.NameOfRefusal);
        var session = client.Begin();
        try
        {
            await operation(session);
            try
            {
                await MongoInsert.InsertAsync(session, client.Server, outboxEvent, CancellationToken.None);
            }
            catch (MongoFailure e) when (e.Code == MongoFailure.NoSuchTransaction && errors.Last is not null)
            {
                // To try again would meet the same error, again and again.
                return Told.Failed;
            }
            catch (MongoFailure e) when (e.Code == MongoFailure.DuplicateKey)
            {
                return Told.WrittenBefore;
            }

            await session.CommitAsync(CancellationToken.None);
            return Told.Written;
        }
        finally
        {
            await session.AbortAsync();
        }
    }
}
