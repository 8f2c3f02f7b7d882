using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Wolverine;
using Wolverine.Util;

namespace Relaybox.Benchmarks.Peers;

/// <summary>Messages through Wolverine's durable inbox, in batches as a queue delivers them.</summary>
internal sealed class Consumption : IDisposable
{
    private const int BatchSize = 10;

    private readonly PeerDatabase _database;
    private readonly NoOpSource _source;
    private readonly string _inbox;
    private readonly byte[] _plain;
    private readonly byte[] _inTransaction;
    private readonly MeterListener _meters = new();
    private readonly SemaphoreSlim _succeeded = new(0);

    /// <param name="database">Where the inbox and the effects are.</param>
    /// <param name="source">What delivers.</param>
    /// <param name="payload">The payload of each message.</param>
    /// <param name="inbox">The table of the inbox.</param>
    public Consumption(PeerDatabase database, NoOpSource source, JsonElement payload, string inbox)
    {
        _database = database;
        _source = source;
        _inbox = inbox;
        _plain = JsonSerializer.SerializeToUtf8Bytes(new OrderReceived(payload), JsonSerializerOptions.Web);
        _inTransaction = JsonSerializer.SerializeToUtf8Bytes(new OrderReceivedInTransaction(payload), JsonSerializerOptions.Web);

        // Wolverine counts a message when its handler has ended and it is marked.
        _meters.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Name == "wolverine-messages-succeeded")
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _meters.SetMeasurementEventCallback<int>((_, count, _, _) => _succeeded.Release(count));
        _meters.Start();
    }

    public Task CreateAsync() => _database.ExecuteAsync(
        "CREATE TABLE IF NOT EXISTS bench_effects (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, message_id text NOT NULL)");

    /// <summary>Delivers messages, and answers how long it takes until all are handled and marked.</summary>
    /// <param name="messages">How many.</param>
    /// <param name="inTransaction">Whether the handler opens a transaction of its own.</param>
    /// <param name="atOnce">How many batches at once. With one, a batch is delivered when all of the last one is handled and marked.</param>
    public async Task<TimeSpan> RunAsync(int messages, bool inTransaction, int atOnce)
    {
        await _database.ExecuteAsync($"TRUNCATE bench_effects, {_inbox}");
        Envelope[][] batches = [.. Enumerable.Range(0, messages).Select(_ => NewMessage(inTransaction)).Chunk(BatchSize)];
        var start = Stopwatch.GetTimestamp();
        var underway = 0;
        foreach (var batch in batches)
        {
            for (; underway > (atOnce - 1) * BatchSize; underway--)
            {
                await OneSucceededAsync();
            }

            await _source.DeliverAsync(batch);
            underway += batch.Length;
        }

        for (; underway > 0; underway--)
        {
            await OneSucceededAsync();
        }

        await Countdown.UntilAsync(async () =>
            await _database.ReadAsync<long>($"SELECT count(*) FROM {_inbox} WHERE status = '{EnvelopeStatus.Handled}'") == messages);
        var elapsed = Stopwatch.GetElapsedTime(start);
        var effects = await _database.ReadAsync<long>("SELECT count(DISTINCT message_id) FROM bench_effects");
        return effects == messages
            ? elapsed
            : throw new InvalidOperationException($"There are {effects} effects of {messages} messages.");
    }

    public void Dispose()
    {
        _meters.Dispose();
        _succeeded.Dispose();
    }

    private async Task OneSucceededAsync()
    {
        if (!await _succeeded.WaitAsync(Countdown.Patience))
        {
            throw new TimeoutException("A message was not handled.");
        }
    }

    private Envelope NewMessage(bool inTransaction) => new()
    {
        Id = Guid.CreateVersion7(),
        Data = inTransaction ? _inTransaction : _plain,
        MessageType = (inTransaction ? typeof(OrderReceivedInTransaction) : typeof(OrderReceived)).ToMessageTypeName(),
        ContentType = "application/json",
    };
}
