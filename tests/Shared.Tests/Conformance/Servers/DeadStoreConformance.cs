using Relaybox.Diagnostics;
using Relaybox.Events;
using Relaybox.Inbox;
using Relaybox.Shared.Tests.Inbox;
using Relaybox.Shared.Tests.Support;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What is said of a store whose server is not there.</summary>
public abstract class DeadStoreConformance : IAsyncDisposable
{
    /// <summary>A password, which nothing may tell.</summary>
    protected const string Canary = "canary-c0ffee-4711";

    private IExplainsFailures? _connections;

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    /// <summary>What the text begins with.</summary>
    protected abstract string Unreachable { get; }

    /// <summary>An inbox on a server that is not there, where the password is the canary, and its connections.</summary>
    private protected abstract (IInboxRepository Inbox, IExplainsFailures Connections) Connect();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        (_connections as IDisposable)?.Dispose();
        await ((_connections as IAsyncDisposable)?.DisposeAsync() ?? ValueTask.CompletedTask);
    }

    [Fact]
    public async Task The_failure_keeps_the_drivers_error_as_its_cause()
    {
        (var inbox, _connections) = Connect();
        var error = await Assert.ThrowsAnyAsync<Exception>(() => inbox.FindAsync("billing", "e-1", Ct));
        var failure = _connections.Explain(error)!;
        Assert.Same(error, failure.InnerException);
        Assert.StartsWith(Unreachable, failure.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, failure.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_consumer_that_cannot_claim_logs_what_is_wrong_with_the_database()
    {
        (var inbox, _connections) = Connect();
        var log = new RecordingLogger<InboxConsumer>();
        var consumer = new InboxConsumer(
            inbox,
            new HandlerRegistry("default").AddRaw("orders.>", new Handler<string>()),
            new ConsumerOptions(),
            TimeProvider.System,
            SystemEntropy.Instance,
            log);

        var outcomes = await consumer.ConsumeAsync([Sample.Message("a")], WorkDeadline.After(TimeSpan.FromMinutes(1), TimeProvider.System), Ct);

        Assert.Equal(ErrorCodes.StoreFailed, Assert.IsType<MessageOutcome.Retry>(Assert.Single(outcomes)).ErrorCode);
        var line = Assert.Single(log.Lines);
        Assert.Contains($"on event a: {Unreachable}", line, StringComparison.Ordinal);
        Assert.DoesNotContain(Canary, line, StringComparison.Ordinal);
    }
}
