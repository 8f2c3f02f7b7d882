using Relaybox.Events;
using Relaybox.Operations;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Shared.Tests.Conformance;

/// <summary>What operators can do with the dead letters of every broker: derive, and say which broker it is.</summary>
public abstract class DeadLettersConformance : IAsyncLifetime
{
    private const string Subject = "nobody.listens";

    private DeadLettersHarness? _harness;

    private protected DeadLettersHarness Broker => _harness ?? throw new InvalidOperationException("The test has not begun.");

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    public async ValueTask InitializeAsync() => _harness = await CreateHarnessAsync();

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_harness is not null)
        {
            await _harness.DisposeAsync();
        }
    }

    private protected abstract Task<DeadLettersHarness> CreateHarnessAsync();

    [Fact]
    public async Task Nothing_is_dead_at_first()
    {
        Assert.Empty(await ShowAsync());
        Assert.Equal(0, await Broker.Letters.CountAsync(Ct));
    }

    [Fact]
    public async Task A_look_shows_each_once_with_its_reason_and_takes_none_away()
    {
        var begun = DateTimeOffset.UtcNow;
        await Broker.KillAsync([.. Enumerable.Range(0, 13).Select(i => Event($"e-{i}", key: $"k-{i}"))]);

        for (var look = 1; look <= 3; look++)
        {
            // The page before was given back: all of them are there at once.
            var letters = await ShowAsync();
            Assert.Equal(Enumerable.Range(0, 13).Select(i => $"e-{i}").Order(), letters.Select(letter => letter.EventId).Order());
            Assert.Equal(13, letters.Select(letter => letter.Id).Distinct().Count());
            Assert.All(letters, letter => Assert.Equal((Subject, ErrorCodes.SubjectUnhandled), (letter.Subject, letter.ErrorCode)));
            Assert.All(letters, letter => Assert.StartsWith("No handler", letter.ErrorMessage, StringComparison.Ordinal));
            Assert.All(letters, letter => Assert.InRange(letter.DeadAt!.Value, begun.AddMinutes(-1), DateTimeOffset.UtcNow.AddMinutes(1)));
            Assert.All(letters, letter => Assert.True(letter.Bytes > 0));
            Assert.All(letters, letter => Assert.Equal("v", letter.Event!.Headers["h"]));
            Assert.All(letters, letter => Assert.True(letter.Receives is null || letter.Receives == look, $"{letter.Receives} in look {look}"));
        }

        Assert.Equal(13, await Broker.Letters.CountAsync(Ct));
    }

    [Fact]
    public async Task A_redriven_letter_is_where_it_came_from_as_it_was_and_no_dead_letter_any_more()
    {
        var written = Event("e-1", key: "customer 7") with
        {
            Payload = """{ "n" : 1 }""", EnqueuedAt = new DateTimeOffset(2026, 2, 3, 4, 5, 6, 789, TimeSpan.Zero),
        };
        await Broker.KillAsync(written, Event("e-2", key: "other"));
        await using (var look = await Broker.Letters.LookAsync(null, Ct))
        {
            var letter = await FindAsync(look, "e-1");
            Assert.Equal(DeadLetterOutcome.Redriven, await look.RedriveAsync(letter, deletesDuplicate: false, Ct));
        }

        var (taken, names) = Assert.Single(await Broker.TakeAsync(1));
        Assert.Equal(written with { Headers = taken.Headers }, taken);
        Assert.Equal("v", taken.Headers["h"]);
        Assert.DoesNotContain(names, name => name.Contains("error", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain(names, name => name.Contains("source", StringComparison.OrdinalIgnoreCase));
        Assert.Equal(["e-2"], (await ShowAsync()).Select(letter => letter.EventId));
    }

    [Fact]
    public async Task The_largest_body_comes_back_as_it_was()
    {
        var written = Event("e-1", key: "k") with { Payload = new string('x', 1_040_000) };
        await Broker.KillAsync(written);
        await RedriveAllAsync();
        Assert.Equal(written.Payload, Assert.Single(await Broker.TakeAsync(1)).Event.Payload);
    }

    [Fact]
    public async Task Where_it_cannot_be_sent_it_stays_a_dead_letter()
    {
        await Broker.KillAsync(Event("e-1", key: "k"));
        await using (var look = await Broker.LettersFromNowhere.LookAsync(null, Ct))
        {
            var letter = await FindAsync(look, "e-1");
            var e = await Assert.ThrowsAsync<DeadLettersFailedException>(() => look.RedriveAsync(letter, deletesDuplicate: true, Ct));
            Assert.NotEmpty(e.Message);
        }

        Assert.Equal(["e-1"], (await ShowAsync()).Select(letter => letter.EventId));
    }

    [Fact]
    public async Task A_process_that_dies_between_sending_and_deleting_leaves_both()
    {
        await Broker.KillAsync(Event("e-1", key: "k"));
        await using (var look = await Broker.LettersThatStay.LookAsync(null, Ct))
        {
            var letter = await FindAsync(look, "e-1");
            await Assert.ThrowsAsync<DeadLettersFailedException>(() => look.RedriveAsync(letter, deletesDuplicate: false, Ct));
        }

        Assert.Equal("e-1", Assert.Single(await Broker.TakeAsync(1)).Event.EventId);
        Assert.Equal(["e-1"], (await ShowAsync()).Select(letter => letter.EventId));
    }

    [Fact]
    public async Task What_a_dead_process_had_in_hand_comes_back_by_itself()
    {
        await Broker.KillAsync(Event("e-1", key: "a"), Event("e-2", key: "b"));
        var abandoned = await Broker.Letters.LookAsync(null, Ct);
        Assert.NotNull(await FindAsync(abandoned, "e-1"));
        await Eventually.ValueAsync(ShowAsync, letters => letters.Count == 2, "both are seen again", TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Of_two_operators_at_once_one_sends_each_letter()
    {
        await Broker.KillAsync([.. Enumerable.Range(0, 40).Select(i => Event($"e-{i}", key: $"k-{i}"))]);
        var sent = await Task.WhenAll(RedriveAllAsync(), RedriveAllAsync());

        // What one had in hand the other did not see.
        var rest = sent.Sum() < 40 ? await RedriveAllAsync() : 0;
        Assert.Equal(40, sent.Sum() + rest);
        Assert.Equal(
            Enumerable.Range(0, 40).Select(i => $"e-{i}").Order(), (await Broker.TakeAsync(40)).Select(taken => taken.Event.EventId).Order());
        Assert.Empty(await ShowAsync());
    }

    [Fact]
    public async Task The_order_of_a_key_is_kept_where_the_broker_keeps_it()
    {
        var written = Enumerable.Range(0, 25).Select(i => Event($"e-{i}", key: "customer 7")).ToArray();
        await Broker.KillAsync(written);
        Assert.Equal(25, await RedriveAllAsync());
        var taken = (await Broker.TakeAsync(25)).Select(message => message.Event.EventId).ToList();
        Assert.Equal(25, taken.Count);
        if (Broker.KeepsOrder)
        {
            Assert.Equal(written.Select(outboxEvent => outboxEvent.EventId), taken);
        }
    }

    private protected static OutboxEvent Event(string id, string? key = null) => Sample.Event(id, subject: Subject) with
    {
        OrderingKey = key, Headers = new Dictionary<string, string> { ["h"] = "v" },
    };

    private protected async Task<List<DeadLetter>> ShowAsync()
    {
        await using var look = await Broker.Letters.LookAsync(null, Ct);
        var all = new List<DeadLetter>();
        while (await look.NextAsync(10, Ct) is { Count: > 0 } page)
        {
            all.AddRange(page);
        }

        Assert.True(look.IsWhole);
        return all;
    }

    /// <summary>Redrives all that can be seen, and says how many were sent.</summary>
    private protected async Task<int> RedriveAllAsync()
    {
        var sent = 0;
        await using var look = await Broker.Letters.LookAsync(null, Ct);
        while (await look.NextAsync(10, Ct) is { Count: > 0 } page)
        {
            foreach (var letter in page)
            {
                sent += (await look.RedriveAsync(letter, deletesDuplicate: false, Ct)).LeftBecause is null ? 1 : 0;
            }
        }

        return sent;
    }

    // It is on the page that was shown last.
    private protected static async Task<DeadLetter> FindAsync(IDeadLetterLook look, string eventId)
    {
        while (await look.NextAsync(10, Ct) is { Count: > 0 } page)
        {
            if (page.FirstOrDefault(letter => letter.EventId == eventId) is { } found)
            {
                return found;
            }
        }

        throw new InvalidOperationException($"There is no dead letter of {eventId}.");
    }
}
