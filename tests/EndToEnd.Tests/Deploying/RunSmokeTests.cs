using System.Runtime.Versioning;

namespace Relaybox.EndToEnd.Tests.Deploying;

/// <summary><c>./run smoke STACK</c>, with an AWS CLI that answers as the real one does.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class RunSmokeTests
{
    private const string Tables = "OutboxTableName\toutbox\nEffectsTableName\teffects";

    [Theory]
    [InlineData(Tables, "sent", "1", 0, "Sent, and handled once.")]
    [InlineData(Tables, "pending", "None", 2, "is 'pending' in the outbox, and was applied 'None' times")]
    [InlineData(Tables, "failed", "None", 2, "is 'failed' in the outbox")]
    [InlineData("OutboxTableName\toutbox", "sent", "1", 2, "without the example handler")]
    [InlineData("", "sent", "1", 2, "is a database")]
    public async Task It_fails_where_the_effect_does_not_come(string outputs, string status, string applied, int code, string said)
    {
        using var aws = new FakeAws(
            $"""
            case "$*" in
              'cloudformation describe-stacks --stack-name relaybox-dev '*) printf '%s\n' '{outputs}' ;;
              'dynamodb put-item --table-name outbox '*) printf '%s' "${"{!#}"}" > "$FAKE/item" ;;
              'dynamodb get-item --table-name outbox '*) [[ -f "$FAKE/item" ]] && echo {status} ;;
              'dynamodb get-item --table-name effects '*) echo {applied} ;;
              *) exit 9 ;;
            esac
            """);

        var run = await aws.RunAsync("smoke", "relaybox-dev");

        Assert.True(run.ExitCode == code, $"{run.ExitCode}: {run.Output}{run.Errors}");
        Assert.Contains(said, run.Errors, StringComparison.Ordinal);
    }
}
