using Relaybox.Diagnostics;
using Relaybox.Operations;
using Relaybox.Secrets;

namespace Relaybox.Shared.Tests.Operations;

/// <summary>No check hides another: one that fails, or never ends, is a finding itself.</summary>
public sealed class DoctorTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    private static CancellationToken Ct => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_check_that_fails_or_never_ends_hides_no_other()
    {
        using var never = new ManualResetEventSlim();
        var doctor = new Doctor(
            [
                new Check("throws", _ => throw new InvalidOperationException("canary")),
                new Check("waits", ct => WaitAsync(ct)),
                new Check("hangs", _ => WaitAsync(CancellationToken.None)),
                new Check("blocks", _ =>
                {
                    never.Wait(Ct);
                    return Task.FromResult<IReadOnlyList<Finding>>([]);
                }),
                new Check("passes", _ => Task.FromResult<IReadOnlyList<Finding>>([])),
                new Check("finds", _ => Task.FromResult<IReadOnlyList<Finding>>([Finding.Problem("finds.it", "There it is.", "Go.")])),
            ],
            TimeProvider.System)
        {
            Longest = TimeSpan.FromMilliseconds(200),
        };

        var found = await doctor.ExamineAsync(Ct);
        never.Set();

        Assert.Equal(
            [
                ("throws.failed", FindingSeverity.Unknown), ("waits.failed", FindingSeverity.Problem), ("hangs.failed", FindingSeverity.Problem),
                ("blocks.failed", FindingSeverity.Problem), ("passes", FindingSeverity.Ok), ("finds.it", FindingSeverity.Problem),
            ],
            found.Select(finding => (finding.Id, finding.Severity)));
        Assert.DoesNotContain(found, finding => finding.Text.Contains("canary", StringComparison.Ordinal));
        Assert.Contains("InvalidOperationException", found[0].Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_several_checks_fail_of_is_told_once()
    {
        var doctor = new Doctor(
            [
                new Check("a", _ => throw new SecretException("It cannot be read.")),
                new Check("b", _ => throw new SecretException("It cannot be read.")),
                new Check("c", _ => throw new TimeoutException()),
                new Check("d", _ => throw new TimeoutException()),
            ],
            TimeProvider.System,
            new Explaining());

        var found = await doctor.ExamineAsync(Ct);

        Assert.Equal(
            [
                ("secret.unreadable", FindingSeverity.Problem, "It cannot be read."),
                ("b", FindingSeverity.Unknown, "It could not be checked: see secret.unreadable."),
                ("store.failed", FindingSeverity.Problem, "The store is away."),
                ("d", FindingSeverity.Unknown, "It could not be checked: see store.failed."),
            ],
            found.Select(finding => (finding.Id, finding.Severity, finding.Text)));
    }

    [Fact]
    public async Task The_caller_can_end_it()
    {
        using var ended = new CancellationTokenSource();
        var doctor = new Doctor([new Check("waits", ct => WaitAsync(ct))], TimeProvider.System);
        var examining = doctor.ExamineAsync(ended.Token);
        await ended.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => examining.WaitAsync(Patience, Ct));
    }

    [Theory]
    [InlineData(-1_000, null)]
    [InlineData(0, null)]
    [InlineData(6_000, null)]
    [InlineData(7_500, FindingSeverity.Warning)]
    [InlineData(-6_000, FindingSeverity.Warning)]
    [InlineData(600_000, FindingSeverity.Problem)]
    [InlineData(-600_000, FindingSeverity.Problem)]
    public void Clocks_may_differ_by_five_seconds_and_the_time_of_the_answer(int milliseconds, object? severity)
    {
        var asked = new DateTimeOffset(2026, 7, 1, 12, 0, 0, TimeSpan.Zero);
        var found = ClockSkew.Judge(asked, asked.AddMilliseconds(milliseconds), asked.AddSeconds(2), "the store");
        Assert.Equal(severity is null ? [] : [(FindingSeverity)severity], found.Select(finding => finding.Severity));
    }

    private static async Task<IReadOnlyList<Finding>> WaitAsync(CancellationToken cancellationToken)
    {
        await Task.Delay(Patience, cancellationToken);
        return [];
    }

    private sealed class Check(string name, Func<CancellationToken, Task<IReadOnlyList<Finding>>> find) : IDoctorCheck
    {
        public string Name => name;

        public string Passed => "All is well.";

        public Task<IReadOnlyList<Finding>> FindAsync(CancellationToken cancellationToken) => find(cancellationToken);
    }

    private sealed class Explaining : IExplainsFailures
    {
        public StoreFailedException? Explain(Exception exception) =>
            exception is TimeoutException ? new StoreFailedException("The store is away.", exception) : null;
    }
}
