using System.Diagnostics;
using System.Text.Json;
using JasperFx.Resources;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Npgsql;
using Wolverine;
using Wolverine.Postgresql;
using Wolverine.RDBMS;
using Wolverine.Runtime;

namespace Relaybox.Benchmarks.Peers;

/// <summary>
/// Wolverine, with its durable outbox on plain ADO.NET: a <see cref="MessageContext"/> is enlisted in a
/// <see cref="DatabaseEnvelopeTransaction"/>, and flushed after the commit, as its own middleware does. Wolverine sends in the process
/// that wrote, from memory, and deletes what it sent.
/// </summary>
/// <remarks>
/// For throughput, as its documentation says: <see cref="DurabilityMode.Solo"/>, which is for a single node and spares it the election of
/// a leader; a sender that works in batches of 100 and deletes a batch in one statement (its default wherever a broker takes batches).
/// Its metrics, which count its tables every few seconds, are off. Its durability agent runs, as in production: it looks for messages
/// that nobody owns, and what this process has committed is its own. So nothing is sent of what is not flushed.
/// The inbox takes a delivered batch in one statement. So many messages are handled at once that those of several batches are.
/// </remarks>
internal sealed class WolverinePeer : IPeer
{
    private const string Schema = "wolverine";
    private const int Handlers = 40;

    private readonly PeerDatabase _database;
    private readonly OrderPlaced _message;
    private readonly BusinessTable _business;
    private readonly Countdown _sent = new();
    private readonly NoOpTarget _target;
    private readonly NoOpSource _source = new(Handlers);
    private readonly Consumption _consumption;
    private IHost? _host;
    private IWolverineRuntime? _runtime;

    public WolverinePeer(PeerDatabase database, string payload)
    {
        var order = JsonElement.Parse(payload);
        _database = database;
        _message = new OrderPlaced(order);
        _business = new BusinessTable(database.Source);
        _target = new NoOpTarget(_sent);
        _consumption = new Consumption(database, _source, order, $"{Schema}.wolverine_incoming_envelopes");
    }

    private IMessageDatabase Store => (IMessageDatabase)_runtime!.Storage;

    public async Task OpenAsync()
    {
        await _business.CreateAsync();
        await _consumption.CreateAsync();
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Logging.AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
        builder.UseWolverine(Configure);
        builder.Services.AddSingleton(_database.Source);
        builder.Services.AddResourceSetupOnStartup();
        _host = builder.Build();
        await _host.StartAsync();
        _runtime = _host.Services.GetRequiredService<IWolverineRuntime>();
    }

    public Task<Dictionary<string, double>> DoAsync(JsonElement order) => order.GetProperty("do").GetString() switch
    {
        "write" => WriteAsync(
            order.GetProperty("rows").GetInt32(), order.GetProperty("writers").GetInt32(), order.GetProperty("relaying").GetBoolean()),
        "consume" => ConsumeAsync(
            order.GetProperty("messages").GetInt32(), order.GetProperty("own").GetBoolean(), order.GetProperty("atOnce").GetInt32()),
        var other => throw new NotSupportedException($"Wolverine is not asked to {other}."),
    };

    public async ValueTask DisposeAsync()
    {
        if (_host is not null)
        {
            await _host.StopAsync();
            _host.Dispose();
        }

        _consumption.Dispose();
        await _database.DisposeAsync();
    }

    private void Configure(WolverineOptions options)
    {
        options.PersistMessagesWithPostgresql(_database.Source, Schema);
        options.Durability.Mode = DurabilityMode.Solo;
        options.Durability.DurabilityMetricsEnabled = false;
        options.Discovery.DisableConventionalDiscovery().IncludeType(typeof(OrderHandlers));
        options.Transports.Add(new NoOpTransport(_target, _source));
        options.PublishMessage<OrderPlaced>().To(_target.Uri).UseDurableOutbox();
    }

    private async Task<Dictionary<string, double>> WriteAsync(int rows, int writers, bool relaying)
    {
        await _database.ExecuteAsync($"TRUNCATE {Schema}.wolverine_outgoing_envelopes");
        _sent.Start(rows);
        var start = await _business.WriteAsync(rows, writers, connection => WriteOneAsync(connection, relaying));
        var answer = new Dictionary<string, double> { ["seconds"] = Stopwatch.GetElapsedTime(start).TotalSeconds };
        if (relaying)
        {
            await _sent.WaitAsync();
            await Countdown.UntilAsync(async () => await CountEventsAsync() == 0);
            answer["sentSeconds"] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        await _business.CheckAsync(rows);
        var events = await CountEventsAsync();
        return events == (relaying ? 0 : rows)
            ? answer
            : throw new InvalidOperationException($"Wolverine has {events} events, and {rows} were published.");
    }

    private async Task<Dictionary<string, double>> ConsumeAsync(int messages, bool own, int atOnce) =>
        new() { ["seconds"] = (await _consumption.RunAsync(messages, own, atOnce)).TotalSeconds };

    private Task<long> CountEventsAsync() => _database.ReadAsync<long>($"SELECT count(*) FROM {Schema}.wolverine_outgoing_envelopes");

    private async Task WriteOneAsync(NpgsqlConnection connection, bool flushes)
    {
        await using var transaction = await connection.BeginTransactionAsync();
        await BusinessTable.InsertAsync(connection);
        var context = new MessageContext(_runtime!);
        await context.EnlistInOutboxAsync(new DatabaseEnvelopeTransaction(Store, transaction));
        await context.PublishAsync(_message);
        await transaction.CommitAsync();
        if (flushes)
        {
            await context.FlushOutgoingMessagesAsync();
        }
    }
}
