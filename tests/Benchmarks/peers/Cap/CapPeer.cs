using System.Diagnostics;
using System.Text.Json;
using DotNetCore.CAP;
using DotNetCore.CAP.Internal;
using DotNetCore.CAP.Persistence;
using DotNetCore.CAP.Transport;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Relaybox.Benchmarks.Peers;

/// <summary>
/// CAP, with its outbox for plain ADO.NET: <c>connection.BeginTransaction(publisher)</c>, <c>PublishAsync</c>, <c>CommitAsync</c>.
/// CAP sends in the process that wrote, from memory, as soon as it is committed.
/// </summary>
/// <remarks>
/// For throughput, as its page on configuration says: <see cref="CapOptions.EnablePublishParallelSend"/> is on ("will greatly improve
/// sending performance"). Without it each writer waits until its own event is sent and marked. It is given an
/// <see cref="NpgsqlDataSource"/>, the one that the app writes with. Everything else is the default. Its storage lock is off, as it is
/// for a single instance.
/// </remarks>
internal sealed class CapPeer(PeerDatabase database, string payload) : IPeer
{
    private readonly JsonElement _payload = JsonElement.Parse(payload);
    private readonly BusinessTable _business = new(database.Source);
    private readonly Countdown _sent = new();
    private readonly CancellationTokenSource _end = new();
    private ServiceProvider? _quiet;
    private ServiceProvider? _relaying;

    public async Task OpenAsync()
    {
        await _business.CreateAsync();
        _quiet = Build(services => services.AddSingleton<IDispatcher, NoDispatcher>());
        _relaying = Build(_ => { });
        await _relaying.GetRequiredService<IBootstrapper>().BootstrapAsync(_end.Token);
    }

    public Task<Dictionary<string, double>> DoAsync(JsonElement order) => order.GetProperty("do").GetString() switch
    {
        "write" => WriteAsync(
            order.GetProperty("rows").GetInt32(), order.GetProperty("writers").GetInt32(), order.GetProperty("relaying").GetBoolean()),
        var other => throw new NotSupportedException($"CAP is not asked to {other}."),
    };

    public async ValueTask DisposeAsync()
    {
        await _end.CancelAsync();
        if (_relaying is not null)
        {
            await _relaying.DisposeAsync();
        }

        if (_quiet is not null)
        {
            await _quiet.DisposeAsync();
        }

        await database.DisposeAsync();
        _end.Dispose();
    }

    private async Task<Dictionary<string, double>> WriteAsync(int rows, int writers, bool relaying)
    {
        await database.ExecuteAsync("TRUNCATE cap.published");
        _sent.Start(rows);
        var publisher = (relaying ? _relaying : _quiet)!.GetRequiredService<ICapPublisher>();
        var start = await _business.WriteAsync(rows, writers, connection => WriteOneAsync(publisher, connection));
        var answer = new Dictionary<string, double> { ["seconds"] = Stopwatch.GetElapsedTime(start).TotalSeconds };
        if (relaying)
        {
            await _sent.WaitAsync();
            await Countdown.UntilAsync(async () => !await database.ReadAsync<bool>(
                $"""SELECT EXISTS (SELECT FROM cap.published WHERE "StatusName" <> '{nameof(StatusName.Succeeded)}')"""));
            answer["sentSeconds"] = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        await _business.CheckAsync(rows);
        var events = await database.ReadAsync<long>("SELECT count(*) FROM cap.published");
        return events == rows ? answer : throw new InvalidOperationException($"CAP has {events} events, and {rows} were published.");
    }

    private async Task WriteOneAsync(ICapPublisher publisher, NpgsqlConnection connection)
    {
        using var transaction = connection.BeginTransaction(publisher);
        await BusinessTable.InsertAsync(connection);
        await publisher.PublishAsync("orders.placed", _payload);
        await transaction.CommitAsync();
    }

    private ServiceProvider Build(Action<IServiceCollection> before)
    {
        var services = new ServiceCollection();
        services.AddLogging();
        before(services);
        services.AddCap(options =>
        {
            options.EnablePublishParallelSend = true;
            options.UsePostgreSql(postgres => postgres.DataSource = database.Source);
        });
        services.AddSingleton(new CapMessageQueueMakerService("noop"));
        services.AddSingleton<ITransport>(new NoOpTransport(_sent));
        services.AddSingleton<IConsumerClientFactory, NoConsumers>();
        return services.BuildServiceProvider();
    }
}
