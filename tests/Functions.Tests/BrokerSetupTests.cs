using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Relaybox.Functions.Maintenance;
using Relaybox.Nats;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>What Setup makes in the broker, and how much of it it says it made.</summary>
public sealed class BrokerSetupTests : IAsyncLifetime
{
    private readonly string _name = NatsServer.UniqueName();
    private NatsServer _server = null!;
    private NatsConnector _connector = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _server = await NatsServer.StartAsync();
        _connector = new NatsConnector(
            new NatsConnectionOptions { Url = _server.Url }, TimeProvider.System, NullLogger<NatsConnector>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        await _connector.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Fact]
    public async Task Both_streams_and_the_consumer_are_made_and_counted_once()
    {
        Assert.Equal(3, await RunAsync(Settings()));
        await using var connection = new NatsConnection(new NatsOpts { Url = _server.Url });
        var context = new NatsJSContext(connection);
        Assert.Equal([$"{_name}.>"], (await context.GetStreamAsync(_name, cancellationToken: Ct)).Info.Config.Subjects);
        Assert.Equal([$"{_name}-dead.>"], (await context.GetStreamAsync($"{_name}-dead", cancellationToken: Ct)).Info.Config.Subjects);
        Assert.Equal("consumer", (await context.GetConsumerAsync(_name, "consumer", Ct)).Info.Config.DurableName);

        Assert.Equal(0, await RunAsync(Settings()));
    }

    [Fact]
    public async Task What_has_to_be_changed_is_counted_alone()
    {
        await RunAsync(Settings());
        var settings = Settings();
        Assert.Equal(1, await RunAsync(settings with { Stream = settings.Stream with { Subjects = [$"{_name}.>", $"{_name}-more.>"] } }));
        Assert.Equal(
            1, await RunAsync(settings with { DeadLetters = settings.DeadLetters with { Subjects = [$"{_name}-dead.>", $"{_name}-deader.>"] } }));
        Assert.Equal(1, await RunAsync(settings with { Pull = settings.Pull with { MaxAckPending = 77 } }));
        Assert.Equal(0, await RunAsync(settings with { Pull = settings.Pull with { MaxAckPending = 77 } }));
    }

    [Fact]
    public async Task Streams_that_others_have_made_are_not_counted()
    {
        await new NatsStreams(_connector, NullLogger<NatsStreams>.Instance).EnsureAsync(Settings().Stream, Ct);
        Assert.Equal(2, await RunAsync(Settings()));
    }

    [Fact]
    public async Task Without_a_consumer_there_is_the_stream_alone()
    {
        Assert.Equal(1, await RunAsync(Settings() with { SetupConsumer = false }));
        await using var connection = new NatsConnection(new NatsOpts { Url = _server.Url });
        var names = new List<string>();
        await foreach (var name in new NatsJSContext(connection).ListStreamNamesAsync(cancellationToken: Ct))
        {
            names.Add(name);
        }

        Assert.Equal([_name], names);
    }

    [Fact]
    public async Task A_stream_of_others_is_taken_as_it_is_and_one_that_does_not_take_the_events_is_refused()
    {
        var settings = Assert.IsType<NatsSettings>(DeployedSettings.With(
            ("BROKER", "nats"), ("NATS_URL", _server.Url), ("NATS_STREAM", _name), ("NATS_SUBJECT_PREFIX", _name),
            ("NATS_STREAM_SETUP", "check"), ("SETUP_CONSUMER", "false"), ("NATS_REPLICAS", "3")).Broker);
        Assert.Contains("does not exist", (await Assert.ThrowsAsync<NatsSetupException>(() => RunAsync(settings))).Message, StringComparison.Ordinal);

        await using var connection = new NatsConnection(new NatsOpts { Url = _server.Url });
        var theirs = new NatsJSContext(connection);
        var config = new StreamConfig(_name, [$"{_name}.a"]) { MaxAge = TimeSpan.FromHours(1), DuplicateWindow = TimeSpan.FromSeconds(5) };
        await theirs.CreateStreamAsync(config, Ct);
        Assert.Contains("does not take", (await Assert.ThrowsAsync<NatsSetupException>(() => RunAsync(settings))).Message, StringComparison.Ordinal);

        await theirs.UpdateStreamAsync(config with { Subjects = [$"{_name}.>"] }, Ct);
        Assert.Equal(0, await RunAsync(settings));
        Assert.Equal(TimeSpan.FromHours(1), (await theirs.GetStreamAsync(_name, cancellationToken: Ct)).Info.Config.MaxAge);
    }

    private Task<int> RunAsync(NatsSettings settings) => new NatsSetup(
        new NatsStreams(_connector, NullLogger<NatsStreams>.Instance),
        new NatsConsumers(_connector, NullLogger<NatsConsumers>.Instance),
        settings).RunAsync(Ct);

    private NatsSettings Settings() => new()
    {
        Connection = new NatsConnectionOptions { Url = _server.Url },
        Publisher = new NatsPublisherOptions { SubjectPrefix = _name },
        Stream = new NatsStreamOptions { Name = _name, Subjects = [$"{_name}.>"] },
        DeadLetters = new NatsStreamOptions { Name = $"{_name}-dead", Subjects = [$"{_name}-dead.>"] },
        Pull = new NatsPullOptions { Stream = _name, Consumer = "consumer", DeadLetterPrefix = $"{_name}-dead" },
        PullFor = TimeSpan.FromMinutes(1),
    };
}
