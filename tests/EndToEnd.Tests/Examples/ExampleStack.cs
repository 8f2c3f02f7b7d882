using Relaybox.Local.Running;
using Relaybox.Testing;

namespace Relaybox.EndToEnd.Tests.Examples;

/// <summary>A stack as `./run up` starts it, and what an example has left in it.</summary>
internal abstract class ExampleStack : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly LocalRunner _runner;
    private readonly DirectoryInfo _state;
    private readonly RunningStack.LastLines _output;

    private protected ExampleStack(Started started) => (_runner, _state, _output) = (started.Runner, started.State, started.Output);

    /// <summary>What `source .relaybox/env` sets.</summary>
    public IReadOnlyDictionary<string, string> Environment => _runner.Environment;

    private protected LocalServers Servers => _runner.Servers;

    /// <summary>What the handler did with an event; null until it did.</summary>
    public abstract Task<Effect?> FindEffectAsync(string eventId);

    /// <summary>Whether the app's own table has an order.</summary>
    public abstract Task<bool> HasOrderAsync(string orderId);

    /// <summary>How many events are in the outbox, sent or not.</summary>
    public abstract Task<long> CountEventsAsync();

    /// <summary>Waits for the handler.</summary>
    public async Task<Effect> EffectAsync(string eventId) => (await Eventually.ValueAsync(
        () => FindEffectAsync(eventId), effect => effect is not null, $"event {eventId} has its effect. {_output}", Patience))!;

    /// <inheritdoc />
    public virtual async ValueTask DisposeAsync()
    {
        await _runner.DisposeAsync();
        _state.Delete(recursive: true);
        Assert.Empty(_runner.Permissions.Refused);
    }

    private protected static async Task<Started> StartAsync(string store, string broker)
    {
        var state = Directory.CreateTempSubdirectory("relaybox-examples-");
        var output = new RunningStack.LastLines();
        using var limit = new CancellationTokenSource(Patience);
        var runner = await LocalRunner.StartAsync(
            new RunnerOptions
            {
                TemplatePath = RepositoryRoot.Combine("template.yaml"),
                StateDirectory = state.FullName,
                FunctionsDirectory = Publication.Folder,
                PortBase = 0,
                Parameters = new Dictionary<string, string> { ["Store"] = store, ["Broker"] = broker },
                EnforceRoles = true,
            },
            output,
            limit.Token);
        return new Started(runner, state, output);
    }

    /// <summary>What the handler has written, and how often.</summary>
    internal sealed record Effect(long Applied, string OrderId, DateTimeOffset AppliedAt);

    private protected sealed record Started(LocalRunner Runner, DirectoryInfo State, RunningStack.LastLines Output);
}
