using Microsoft.Extensions.Logging.Abstractions;
using NATS.Client.Core;
using NATS.Client.JetStream;
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
