using Relaybox.Inbox;
using Relaybox.Operations;
using Relaybox.Postgres;
using Relaybox.Shared.Tests.Stores;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;
using Relaybox.Timing;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>What came out of a message, as <c>relaybox why</c> tells it. What the consumers did with it is in <see cref="ReplayTests"/>.</summary>
public sealed class InboxTrailTests(PostgresServer server) : IAsyncLifetime
{
    private PostgresInboxHarness _store = null!;
    private InboxTrail _trail = null!;

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync()
    {
        _store = await PostgresInboxHarness.CreateAsync(server);
        var jobs = new PostgresJobStore(
            new PostgresConnections(_store.Schema.DataSource), _store.Schema.Options, TimeProvider.System, SystemEntropy.Instance);
        _trail = new InboxTrail(_store.Repository, new InboxConsumers(_ => ["billing"]), new OperationStore(jobs));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Theory]
    [InlineData(0, "")]
    [InlineData(1, " It emitted the event a. To follow that one: relaybox why a")]
    [InlineData(2, " It emitted the events a and b. To follow one of them: relaybox why a")]
    [InlineData(3, " It emitted the events a, b and c. To follow one of them: relaybox why a")]
    [InlineData(
        20,
        " It emitted the events a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s and t. To follow one of them: relaybox why a")]
    [InlineData(
        23,
        " It emitted the events a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s, t and 3 more. To follow one of them: relaybox why a")]
    public async Task The_events_that_a_handler_has_emitted_are_named(int count, string told)
    {
        await HandleAsync("e-1", count);

        var sentence = Assert.Single(await _trail.TellAsync(Sample.Event("e-1"), Ct));
        Assert.Matches($@"^The consumer billing has handled it at [-0-9: ]+Z\.{told.Replace(".", @"\.", StringComparison.Ordinal)}$", sentence);
    }

    [Theory]
    [InlineData("no JSON")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"count":1}""")]
    [InlineData("""{"count":"one","ids":["a"]}""")]
    [InlineData("""{"count":1,"ids":"a"}""")]
    [InlineData("""{"count":1,"ids":[1]}""")]
    [InlineData("""{"count":0,"ids":[]}""")]
    [InlineData("null")]
    public async Task A_record_that_somebody_else_has_written_is_told_without_its_events(string text)
    {
        await HandleAsync("e-1", 1);
        await _store.Schema.ExecuteAsync($"UPDATE {{{{inbox}}}} SET emitted = '{text}'");

        Assert.Matches(@"^The consumer billing has handled it at [-0-9: ]+Z\.$", Assert.Single(await _trail.TellAsync(Sample.Event("e-1"), Ct)));
    }

    private async Task HandleAsync(string eventId, int emitted)
    {
        var claim = Assert.IsType<InboxClaim.Claimed>(Assert.Single(
            await _store.Repository.ClaimAsync("billing", [Sample.Message(eventId)], TimeSpan.FromMinutes(1), 5, Ct)));
        await using var transaction = await _store.Repository.BeginAsync(claim, Ct);
        for (var i = 0; i < emitted; i++)
        {
            transaction.Emit(Sample.Event($"{(char)('a' + i)}"));
        }

        Assert.Equal(CommitOutcome.Committed, await transaction.CommitAsync(Ct));
    }
}
