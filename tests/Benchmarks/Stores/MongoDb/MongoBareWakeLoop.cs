using MongoDB.Bson;
using MongoDB.Driver;
using Relaybox.Outbox.Relay;

namespace Relaybox.Benchmarks.Stores.MongoDb;

/// <summary>
/// A plain change stream with nothing around it: on an event, claim what there is, hand it over, mark it. What a relay that is woken
/// could reach at best.
/// </summary>
internal sealed class MongoBareWakeLoop(MongoBenchOutbox outbox) : IWakeLoop
{
    private static readonly BsonDocument[] Inserts =
    [
        new("$match", new BsonDocument("operationType", "insert")), new("$project", new BsonDocument("_id", 1)),
    ];

    public Task<double[]> MeasureAsync(int rows, int rate, CancellationToken cancellationToken) =>
        LatencyProbe.MeasureAsync(outbox, rows, rate, HandleAsync, cancellationToken);

    private async Task HandleAsync(LatencyProbe probe, CancellationToken cancellationToken)
    {
        var batchSize = new RelayOptions().BatchSize;
        using var stream = await outbox.Collection.WatchAsync<BsonDocument>(
            Inserts, new ChangeStreamOptions { MaxAwaitTime = TimeSpan.FromSeconds(1) }, cancellationToken);
        while (true)
        {
            var token = Guid.NewGuid().ToString("N");
            var claimed = await MongoBareCommands.ClaimAsync(outbox.Collection, batchSize, token, cancellationToken);
            foreach (var row in claimed)
            {
                _ = row["payload"].AsString;
                probe.Handled(row["_id"].AsString);
            }

            if (claimed.Count > 0)
            {
                await MongoBareCommands.MarkAsync(outbox.Collection, claimed, token, cancellationToken);
            }

            while (claimed.Count == 0 && !(await stream.MoveNextAsync(cancellationToken) && stream.Current.Any()))
            {
            }
        }
    }
}
