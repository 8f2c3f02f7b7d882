using System.Globalization;
using Relaybox.Diagnostics;
using Relaybox.Secrets;

namespace Relaybox.Operations;

/// <summary>Runs all checks. None of them hides another: one that fails, or takes too long, is a finding itself.</summary>
/// <param name="checks">The checks.</param>
/// <param name="time">The clock.</param>
/// <param name="explains">The store, where it can explain failures.</param>
internal sealed class Doctor(IEnumerable<IDoctorCheck> checks, TimeProvider time, IExplainsFailures? explains = null)
{
    /// <summary>The finding where the store cannot be asked.</summary>
    internal const string StoreFailed = "store.failed";

    /// <summary>The finding where a secret cannot be read.</summary>
    internal const string SecretUnreadable = "secret.unreadable";

    /// <summary>The advice to invoke Setup, without a full stop at its end.</summary>
    internal const string InvokeSetup = "Invoke Setup: aws lambda invoke --function-name NAME-Setup /dev/stdout (NAME is the stack's name)";

    // What a check ran into is worth more than that it was ended.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>How long a check may take. Default: 20 seconds.</summary>
    internal TimeSpan Longest { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Runs all checks, at once.</summary>
    /// <param name="cancellationToken">Ends them.</param>
    /// <returns>What they have found, in the order of the checks; of each at least one finding.</returns>
    public async Task<IReadOnlyList<Finding>> ExamineAsync(CancellationToken cancellationToken)
    {
        var found = await Task.WhenAll(checks.Select(async check => (check.Name, Findings: await RunAsync(check, cancellationToken))));
        var failures = new HashSet<string>(StringComparer.Ordinal);
        return
        [
            .. found.SelectMany(result => result.Findings.Select(finding => IsFailure(finding) && !failures.Add(finding.Text)
                ? Finding.Unknown(result.Name, $"It could not be checked: see {finding.Id}.")
                : finding)),
        ];
    }

    private async Task<IReadOnlyList<Finding>> RunAsync(IDoctorCheck check, CancellationToken cancellationToken)
    {
        using var scope = new Timing.DeadlineScope(Longest, time, cancellationToken);
        try
        {
            var found = await Task.Run(() => check.FindAsync(scope.Token), cancellationToken).WaitAsync(Longest + Grace, time, cancellationToken);
            return found.Count > 0 ? found : [Finding.Ok(check.Name, check.Passed)];
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            throw;
        }
        catch (Exception e)
        {
            return [Explain(check, e)];
        }
    }

    private Finding Explain(IDoctorCheck check, Exception exception) => exception switch
    {
        SecretException => Finding.Problem(SecretUnreadable, exception.Message),
        _ when explains?.Explain(exception) is { } explained => Finding.Problem(StoreFailed, explained.Message),
        ISafeToLog => Finding.Problem($"{check.Name}.failed", exception.Message),
        OperationCanceledException or TimeoutException => Finding.Problem(
            $"{check.Name}.failed",
            string.Create(CultureInfo.InvariantCulture, $"There was no answer within {Longest.TotalSeconds:0} seconds ({check.Name})."),
            "Check the way to store and broker: host and port, subnets and security groups. Then type it again: relaybox doctor"),

        // Where the store or the broker is the cause, another check says so.
        _ => Finding.Unknown(
            $"{check.Name}.failed",
            $"The check failed ({FailureText.NameOf(exception)}).",
            "Type it again: relaybox doctor. If it stays, the log of the function Operate, or of the server, says more."),
    };

    private static bool IsFailure(Finding finding) =>
        finding.Id == SecretUnreadable || finding.Id.EndsWith(".failed", StringComparison.Ordinal);
}
