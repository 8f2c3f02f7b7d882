using Relaybox.Events;
using Relaybox.Outbox;
using Relaybox.Shared.Tests.Support;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>
/// What every outbox does, whatever its store: derive, and make a harness. Here: writing and finding rows. Claims, marks
/// and maintenance are in the other parts.
/// </summary>
public abstract partial class OutboxRepositoryConformance : IAsyncLifetime
{
    protected static readonly TimeSpan Lease = TimeSpan.FromMinutes(2);

    private OutboxHarness? _harness;

    private protected OutboxHarness Store => _harness ?? throw new InvalidOperationException("The test has not begun.");

    protected static CancellationToken Ct => TestContext.Current.CancellationToken;

    private IOutboxRepository Repository => Store.Repository;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<OutboxHarness> CreateHarnessAsync();

    [Fact]
    public async Task A_new_event_becomes_a_pending_row()
    {
        var answer = await Repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);

        Assert.True(answer.Created);
        Assert.Equal(OutboxStatus.Pending, answer.Row.Status);
        var row = await Repository.FindAsync("e-1", Ct);
        Assert.Equal(OutboxStatus.Pending, row!.Status);
        Assert.Equal(0, row.Attempts);
        Assert.True(row.Token.IsNone);
        Assert.Null(row.SentAt);
        Assert.InRange(row.Event.EnqueuedAt!.Value, Store.Now - TimeSpan.FromMinutes(1), Store.Now);
    }

    [Fact]
    public async Task The_same_event_again_finds_the_row_as_it_is()
    {
        var first = await Repository.FindOrCreateAsync(Sample.Event("e-1"), Ct);
        await SendAsync("e-1");
        await Store.PassAsync(TimeSpan.FromMinutes(1));

        var second = await Store.CreateRepository().FindOrCreateAsync(Sample.Event("e-1"), Ct);

        if (!Store.KeepsSentRows)
        {
            Assert.Equal((true, OutboxStatus.Pending), (second.Created, second.Row.Status));
            return;
        }

        Assert.False(second.Created);
        Assert.Equal(OutboxStatus.Sent, second.Row.Status);
        Assert.Equal(first.Row.Event.EnqueuedAt, second.Row.Event.EnqueuedAt);
    }

    [Theory]
    [InlineData("""{"n":2}""", "orders.placed")]
    [InlineData("""{"n": 1}""", "orders.placed")]
    [InlineData("""{"n":1}""", "orders.cancelled")]
    public async Task The_same_id_with_another_payload_or_subject_is_an_error(string payload, string subject)
    {
        await CreateAsync("e-1");
        var before = await Store.ReadAsync("e-1");

        var error = await Assert.ThrowsAsync<EventIdConflictException>(
            () => Repository.FindOrCreateAsync(Sample.Event("e-1", payload, subject), Ct));

        Assert.Equal("e-1", error.EventId);
        Assert.Equal(before, await Store.ReadAsync("e-1"));
    }

    [Theory]
    [MemberData(nameof(Sample.AwkwardPayloads), MemberType = typeof(Sample))]
    public async Task A_payload_comes_out_as_it_went_in(string payload)
    {
        if (payload.Contains('\0', StringComparison.Ordinal) && !Store.KeepsNul)
        {
            var error = await Assert.ThrowsAsync<RowContractException>(() => Repository.FindOrCreateAsync(Sample.Event("e-1", payload), Ct));
            Assert.Equal(ErrorCodes.PayloadInvalid, error.Violation.Code);
            return;
        }

        await Repository.FindOrCreateAsync(Sample.Event("e-1", payload), Ct);

        Assert.Equal(payload, (await Repository.FindAsync("e-1", Ct))!.Event.Payload);
        Assert.Equal(payload, Assert.Single(await Repository.ClaimAsync(1, Lease, Ct)).Event!.Payload);
    }

    [Fact]
    public async Task Everything_that_the_app_wrote_comes_back()
    {
        var enqueuedAt = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);
        var written = Sample.Event("id with spaces, \U0001F680 and é: 1/2#3") with
        {
            Headers = new Dictionary<string, string> { ["traceparent"] = "00-a-b-01", ["Content-Type"] = "text/x", ["empty"] = "" },
            OrderingKey = "customer 7",
            EnqueuedAt = enqueuedAt,
            AvailableAt = enqueuedAt.AddSeconds(1),
            Result = """{ "id" : 7 }""",
        };

        await Repository.FindOrCreateAsync(written, Ct);

        foreach (var read in new[]
        {
            (await Repository.FindAsync(written.EventId, Ct))!.Event,
            Assert.Single(await Repository.ClaimAsync(1, Lease, Ct)).Event!,
        })
        {
            Assert.Equal(written with { Headers = read.Headers }, read);
            Assert.Equal(written.Headers.OrderBy(h => h.Key), read.Headers.OrderBy(h => h.Key));
        }
    }

    [Fact]
    public async Task Ids_that_differ_only_in_case_are_two_events()
    {
        await CreateAsync("a1");
        Assert.True((await Repository.FindOrCreateAsync(Sample.Event("A1", "other"), Ct)).Created);
        Assert.Equal("other", (await Repository.FindAsync("A1", Ct))!.Event.Payload);
    }

    [Fact]
    public async Task An_event_that_breaks_the_contract_is_not_written()
    {
        await Assert.ThrowsAsync<RowContractException>(
            () => Repository.FindOrCreateAsync(Sample.Event("e-1", subject: "orders.*"), Ct));
        Assert.Null(await Store.ReadAsync("e-1"));
    }

    [Fact]
    public async Task A_row_that_is_not_there_is_null() => Assert.Null(await Repository.FindAsync("nobody", Ct));

    [Fact]
    public async Task Of_many_writers_of_one_event_one_creates_it()
    {
        var answers = await AtOnceAsync(12, _ => Store.CreateRepository().FindOrCreateAsync(Sample.Event("e-1"), Ct));
        Assert.Single(answers, answer => answer.Created);
        Assert.All(answers, answer => Assert.Equal(OutboxStatus.Pending, answer.Row.Status));
    }

    [Fact]
    public async Task Of_many_writers_of_different_events_under_one_id_one_wins_and_the_others_hear_of_it()
    {
        var written = await AtOnceAsync(12, async i =>
        {
            try
            {
                await Store.CreateRepository().FindOrCreateAsync(Sample.Event("e-1", $"{i}"), Ct);
                return $"{i}";
            }
            catch (EventIdConflictException)
            {
                return null;
            }
        });
        Assert.Equal(Assert.Single(written.OfType<string>()), (await Repository.FindAsync("e-1", Ct))!.Event.Payload);
    }

    [Fact]
    public async Task Pending_rows_are_found_and_no_others()
    {
        await CreateAsync("pending-1", "sent", "parked", "claimed", "pending-2");
        await SendAsync("sent");
        await ParkAsync("parked");
        Assert.NotNull(await Repository.MarkAsPublishingAsync("claimed", Lease, Ct));
        await Store.WriteAsync(new RawRow("unknown") { Status = "paused" });

        var pending = await Repository.FindPendingAsync(100, Ct);

        Assert.Equal(["pending-1", "pending-2"], pending.Select(row => row.Event.EventId).Order());
        Assert.All(pending, row => Assert.Equal(OutboxStatus.Pending, row.Status));
    }

    [Fact]
    public async Task Pending_rows_come_oldest_first_and_no_more_than_the_limit()
    {
        var start = Store.Now - TimeSpan.FromHours(1);
        foreach (var i in new[] { 4, 1, 7, 3, 0, 6, 2, 5 })
        {
            await Repository.FindOrCreateAsync(Sample.Event($"e-{i}") with { EnqueuedAt = start.AddMinutes(i) }, Ct);
        }

        Assert.Equal(["e-0", "e-1", "e-2"], (await Repository.FindPendingAsync(3, Ct)).Select(row => row.Event.EventId));
        Assert.Equal(8, (await Repository.FindPendingAsync(100, Ct)).Count);
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Repository.FindPendingAsync(0, Ct));
    }

    [Fact]
    public async Task Finding_pending_rows_claims_none()
    {
        await CreateAsync("e-1");
        Assert.Single(await Repository.FindPendingAsync(10, Ct));
        Assert.Single(await Repository.ClaimAsync(10, Lease, Ct));
    }

    protected static async Task<T[]> AtOnceAsync<T>(int count, Func<int, Task<T>> call)
    {
        var gate = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var calls = Enumerable.Range(0, count).Select(async i =>
        {
            await gate.Task;
            return await call(i);
        }).ToArray();
        gate.SetResult();
        return await Task.WhenAll(calls);
    }

    private async Task CreateAsync(params string[] eventIds)
    {
        foreach (var eventId in eventIds)
        {
            Assert.True((await Repository.FindOrCreateAsync(Sample.Event(eventId), Ct)).Created);
        }
    }

    private async Task<OutboxClaim> ClaimOneAsync(string eventId, IOutboxRepository? repository = null)
    {
        var claim = await (repository ?? Repository).MarkAsPublishingAsync(eventId, Lease, Ct);
        Assert.NotNull(claim);
        return claim;
    }

    private async Task SendAsync(string eventId)
    {
        var claim = await ClaimOneAsync(eventId);
        Assert.Equal(1, (await Repository.MarkSentAsync([new(eventId, claim.Token)], Ct)).Applied);
    }

    private async Task ParkAsync(string eventId)
    {
        var claim = await ClaimOneAsync(eventId);
        Assert.Equal(1, (await Repository.ParkAsync([new(eventId, claim.Token, 3, "publish.rejected", "no")], Ct)).Applied);
    }

    private async Task<OutboxStatus?> StatusAsync(string eventId) => (await Repository.FindAsync(eventId, Ct))?.Status;
}
