using Relaybox.Functions.Operate;
using Relaybox.Operations;

namespace Relaybox.Functions.Tests;

/// <summary>What each alias of Operate allows. Everything else is refused.</summary>
public sealed class OperateAliasTests
{
    private const string Name = "arn:aws:lambda:eu-central-1:123456789012:function:prod-Operate";

    private static readonly OperateCommand[] Reading =
    [
        OperateCommand.Status, OperateCommand.List, OperateCommand.Show, OperateCommand.Why, OperateCommand.Preview, OperateCommand.Operations,
        OperateCommand.Doctor,
    ];

    private static readonly OperateCommand[] Acting =
    [
        OperateCommand.Begin, OperateCommand.Run, OperateCommand.Cancel, OperateCommand.Pause, OperateCommand.Resume,
    ];

    /// <summary>Each alias, no alias, a version and an alias of somebody else's, with each request.</summary>
    public static TheoryData<string?, string, bool> Requests
    {
        get
        {
            var all = new TheoryData<string?, string, bool>();
            foreach (var alias in new[] { "read", "act", "payload", null, "$LATEST", "7", "Act", "other" })
            {
                foreach (var command in Enum.GetNames<OperateCommand>())
                {
                    all.Add(alias, command, false);
                    all.Add(alias, command, true);
                }
            }

            return all;
        }
    }

    [Theory]
    [MemberData(nameof(Requests))]
    public void An_alias_allows_what_it_is_for_and_reading(string? alias, string name, bool withPayload)
    {
        var command = Enum.Parse<OperateCommand>(name);
        var isPayload = command == OperateCommand.Show && withPayload;
        var isAllowed = isPayload ? alias == "payload"
            : Reading.Contains(command) || (Acting.Contains(command) && alias == "act")
                || (command == OperateCommand.Continue && (alias is null or "act"));

        var refusal = OperateAlias.WhyRefused(
            OperateAlias.Of(alias is null ? Name : $"{Name}:{alias}"), new OperateRequest { Command = command, WithPayload = withPayload });

        Assert.Equal(isAllowed, refusal is null);
        if (refusal is not null)
        {
            Assert.StartsWith($"Invoke the function by its alias '{(isPayload ? "payload" : "act")}' for this:", refusal, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void The_alias_that_a_request_needs_allows_it() => Assert.All(
        Requests.Select(row => row.Data),
        row =>
        {
            var request = new OperateRequest { Command = Enum.Parse<OperateCommand>(row.Item2), WithPayload = row.Item3 };
            Assert.Null(OperateAlias.WhyRefused(OperateAlias.For(request), request));
        });

    [Theory]
    [InlineData(null, null)]
    [InlineData("", null)]
    [InlineData("arn", null)]
    [InlineData(Name, null)]
    [InlineData(Name + ":act", "act")]
    [InlineData(Name + ":$LATEST", "$LATEST")]
    public void The_alias_stands_behind_the_name_in_the_invoked_ARN(string? arn, string? alias) => Assert.Equal(alias, OperateAlias.Of(arn));
}
