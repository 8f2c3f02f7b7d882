using System.Text.Json;
using Relaybox.Functions.Operate;
using Relaybox.Functions.Tests.Support;
using Relaybox.Operations;
using Relaybox.Shared.Tests.Support;
using Relaybox.Testing;

namespace Relaybox.Functions.Tests;

/// <summary>Operate, called with the bytes that Lambda would send, by each of its aliases.</summary>
public sealed class OperateFunctionTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    private static readonly TimeSpan Enough = TimeSpan.FromMinutes(5);

    private static readonly long ParkedAt = DateTimeOffset.UtcNow.AddMinutes(-10).ToUnixTimeMilliseconds();

    [Fact]
    public async Task Each_command_is_answered_in_the_form_that_the_command_line_reads()
    {
        await using var world = await ParkedAsync("a", "b");

        var status = await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Status });
        Assert.Equal(2, status.Counts!["failed"]);
        Assert.Equal(
            ["a", "b"], (await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.List })).Rows!.Select(row => row.EventId));
        Assert.Equal(2, Read(await world.InvokeAsync("Operate", """{"command":"list"}""", Enough)).Rows!.Count);
        var shown = (await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Show, EventId = "a" })).Row!;
        Assert.Equal(("publish.rejected", null), (shown.ErrorCode, shown.Payload));
        Assert.Contains(
            "publish.rejected", (await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Why, EventId = "a" })).Why![0],
            StringComparison.Ordinal);
        var preview = await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Preview, Selection = "id:a" });
        Assert.Equal(1, preview.Count);

        var begun = await BeginAsync(world, RowAction.Shelve, "id:a", preview.At);
        Assert.Equal(OperationState.Running, begun.State);
        var run = await AskAsync(world, "act", new OperateRequest { Command = OperateCommand.Run, OperationId = begun.Id });
        Assert.Equal((OperationState.Done, 1), (run.Operation!.State, run.Operation.Applied));
        var operations = (await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Operations })).Operations!;
        Assert.Equal(begun.Id, Assert.Single(operations).Id);

        var other = await BeginAsync(world, RowAction.Shelve, "id:b", preview.At);
        Assert.Null((await AskAsync(world, "act", new OperateRequest { Command = OperateCommand.Cancel, OperationId = other.Id })).Problem);
        run = await AskAsync(world, "act", new OperateRequest { Command = OperateCommand.Run, OperationId = other.Id });
        Assert.Equal((OperationState.Cancelled, 0), (run.Operation!.State, run.Operation.Applied));
        Assert.Equal(
            Rows.Payload,
            (await AskAsync(world, "payload", new OperateRequest { Command = OperateCommand.Show, EventId = "a", WithPayload = true })).Row!.Payload);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("read")]
    [InlineData("payload")]
    [InlineData("$LATEST")]
    public async Task What_is_refused_is_not_done(string? alias)
    {
        await using var world = await ParkedAsync("a");

        var refused = await AskAsync(world, alias, Begin(RowAction.Purge, "id:a", DateTimeOffset.UtcNow));

        Assert.StartsWith("Invoke the function by its alias 'act' for this:", refused.Problem, StringComparison.Ordinal);
        Assert.Null(refused.Operation);
        Assert.Empty((await AskAsync(world, "read", new OperateRequest { Command = OperateCommand.Operations })).Operations!);

        // What somebody with the right has begun, nobody without it may run or end.
        var begun = await BeginAsync(world, RowAction.Purge, "id:a", DateTimeOffset.UtcNow);
        foreach (var command in new[] { OperateCommand.Run, OperateCommand.Cancel })
        {
            Assert.NotNull((await AskAsync(world, alias, new OperateRequest { Command = command, OperationId = begun.Id })).Problem);
        }

        Assert.NotEmpty(await world.RowAsync("a"));
        var run = await AskAsync(world, "act", new OperateRequest { Command = OperateCommand.Run, OperationId = begun.Id });
        Assert.Equal(OperationState.Done, run.Operation!.State);
        Assert.Empty(await world.RowAsync("a"));
    }

    [Theory]
    [InlineData(null)]
    [InlineData("read")]
    [InlineData("act")]
    public async Task A_payload_is_shown_by_its_own_alias_alone(string? alias)
    {
        await using var world = await ParkedAsync("a");

        var answer = await world.InvokeAsync("Operate", """{"command":"show","eventId":"a","withPayload":true}""", Enough, alias);

        Assert.Contains("alias 'payload'", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("o-1", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("read")]
    [InlineData("payload")]
    public async Task The_schedules_input_goes_on_with_every_operation_and_is_nobody_elses(string other)
    {
        const string Input = """{"command":"continue"}""";
        await using var world = await ParkedAsync("a", "b", "c");
        var at = DateTimeOffset.UtcNow;
        var (shelving, purging) = (await BeginAsync(world, RowAction.Shelve, "id:a", at), await BeginAsync(world, RowAction.Purge, "id:b", at));

        Assert.Contains("problem", await world.InvokeAsync("Operate", Input, Enough, other), StringComparison.Ordinal);
        Assert.NotEmpty(await world.RowAsync("b"));
        var answer = Read(await world.InvokeAsync("Operate", Input, Enough));

        Assert.Equal(
            new[] { shelving.Id, purging.Id }.Order(StringComparer.Ordinal),
            answer.Operations!.Select(operation => operation.Id).Order(StringComparer.Ordinal));
        Assert.All(answer.Operations!, operation => Assert.Equal((OperationState.Done, 1), (operation.State, operation.Applied)));
        Assert.Empty(await world.RowAsync("b"));
        Assert.True((await world.RowAsync("a")).ContainsKey("shelvedAt"));
        Assert.False((await world.RowAsync("c")).ContainsKey("shelvedAt"));
        Assert.Empty(Read(await world.InvokeAsync("Operate", Input, Enough)).Operations!);
    }

    [Fact]
    public async Task A_run_leaves_to_the_next_what_it_has_no_time_for()
    {
        await using var world = await ParkedAsync("a");
        var begun = await BeginAsync(world, RowAction.Purge, "id:a", DateTimeOffset.UtcNow);
        var run = $$"""{"command":"run","operationId":"{{begun.Id}}"}""";

        // Less is left than a step may take.
        Assert.Equal(OperationState.Running, Read(await world.InvokeAsync("Operate", run, TimeSpan.FromSeconds(20), "act")).Operation!.State);
        Assert.NotEmpty(await world.RowAsync("a"));
        Assert.Equal(OperationState.Done, Read(await world.InvokeAsync("Operate", run, Enough, "act")).Operation!.State);
    }

    [Fact]
    public async Task A_relay_that_is_paused_by_the_right_alias_sends_nothing_until_it_is_resumed()
    {
        await using var world = await ParkedAsync();
        await world.PutRowAsync("a", ("dueShard", Rows.S("0")), ("dueAt", Rows.N(ParkedAt)));
        var pause = new OperateRequest { Command = OperateCommand.Pause, Part = PausablePart.Relay, Reason = "a migration", Caller = "me" };
        Assert.Contains("alias 'act'", (await AskAsync(world, "read", pause)).Problem!, StringComparison.Ordinal);

        Assert.Equal("a migration", Assert.Single((await AskAsync(world, "act", pause)).Pauses!).Reason);
        Assert.Contains("\"affected\":0", await world.InvokeAsync("SweepRelay", """{"job":"sweep"}"""), StringComparison.Ordinal);
        Assert.Equal("pending", (await world.RowAsync("a"))["status"].S);
        Assert.Single(Read(await world.InvokeAsync("Operate", """{"command":"continue"}""", Enough)).Pauses!);

        Assert.Empty((await AskAsync(world, "act", pause with { Command = OperateCommand.Resume })).Pauses!);
        Assert.Contains("\"affected\":1", await world.InvokeAsync("SweepRelay", """{"job":"sweep"}"""), StringComparison.Ordinal);
        Assert.Equal("sent", (await world.RowAsync("a"))["status"].S);
    }

    [Theory]
    [InlineData("null")]
    [InlineData("""{"command":"show"}""")]
    [InlineData("""{"command":"list","selection":"nothing"}""")]
    public async Task A_request_that_cannot_be_carried_out_is_answered_with_what_to_do(string request)
    {
        await using var world = await ParkedAsync();
        Assert.NotEmpty(Read(await world.InvokeAsync("Operate", request, Enough, "read")).Problem!);
    }

    [Fact]
    public void The_audit_names_who_was_shown_a_payload_and_who_acted()
    {
        var log = new RecordingLogger<OperateAudit>();
        var audit = new OperateAudit(log);
        var operation = new Operation
        {
            Id = "op-1", Action = RowAction.Redrive, Selection = "header:secret=canary", Reason = "r", Caller = "me@desk", ConfirmedAt = default,
        };

        audit.Asked("read", new OperateRequest { Command = OperateCommand.Show, EventId = "a", Caller = "me@desk" });
        audit.Asked(null, new OperateRequest { Command = OperateCommand.Continue });
        Assert.Empty(log.Lines);
        audit.Asked("payload", new OperateRequest { Command = OperateCommand.Show, EventId = "a", WithPayload = true, Caller = "me@desk" });
        audit.Asked("act", Begin(RowAction.Redrive, "header:secret=canary", default) with { Caller = new string('x', 5_000) });
        audit.Answered(new OperateRequest { Command = OperateCommand.Begin }, new OperateAnswer { Operation = operation });
        audit.Answered(new OperateRequest { Command = OperateCommand.Run }, new OperateAnswer { Operation = operation });
        audit.Answered(
            new OperateRequest { Command = OperateCommand.Continue },
            new OperateAnswer { Operations = [operation with { State = OperationState.Stopped, Applied = 3, LeftAlone = 1 }, operation] });
        audit.Refused("read", Begin(RowAction.Purge, "", default));
        var pause = new OperateRequest { Command = OperateCommand.Pause, Part = PausablePart.Relay, Caller = "me@desk" };
        audit.Asked("act", pause);
        audit.Answered(pause, new OperateAnswer { Problem = "not now" });
        audit.Answered(pause, new OperateAnswer());
        audit.Answered(pause with { Command = OperateCommand.Resume }, new OperateAnswer());
        audit.Purging(operation, ["a", "b"]);

        Assert.Equal(
            [
                "2401 Audit: me@desk asks by alias payload for row a with its payload",
                $"2402 Audit: {new string('x', 200)} asks by alias act: Begin Redrive",
                "2403 Audit: me@desk has begun the operation op-1, Redrive",
                "2404 Audit: the operation op-1, Redrive, has ended: Stopped; 3 rows changed, 1 left alone",
                "2405 Audit: somebody asks by alias read for Begin, which it does not allow, and is refused",
                "2402 Audit: me@desk asks by alias act: Pause Relay",
                "2406 Audit: me@desk has paused the Relay",
                "2407 Audit: me@desk has resumed the Relay",
                "2408 Audit: the operation op-1 deletes the rows a, b",
            ],
            log.Lines.Select(line => line.TrimEnd()));
    }

    private static OperateRequest Begin(RowAction action, string selection, DateTimeOffset? at) => new()
    {
        Command = OperateCommand.Begin, Action = action, Selection = selection, ConfirmedAt = at, Reason = "a test",
    };

    private static async Task<Operation> BeginAsync(FunctionWorld world, RowAction action, string selection, DateTimeOffset? at) =>
        (await AskAsync(world, "act", Begin(action, selection, at))).Operation!;

    private static async Task<OperateAnswer> AskAsync(FunctionWorld world, string? alias, OperateRequest request) => Read(
        await world.InvokeAsync("Operate", JsonSerializer.Serialize(request, OperationsJsonContext.Default.OperateRequest), Enough, alias));

    private static OperateAnswer Read(string text) => JsonSerializer.Deserialize(text, OperationsJsonContext.Default.OperateAnswer)!;

    private async Task<FunctionWorld> ParkedAsync(params string[] eventIds)
    {
        var world = await FunctionWorld.CreateAsync(dynamoDb, sqs);
        foreach (var (eventId, i) in eventIds.Select((eventId, i) => (eventId, i)))
        {
            await world.PutRowAsync(
                eventId, ("status", Rows.S("failed")), ("dueShard", Rows.S("failed")), ("dueAt", Rows.N(ParkedAt + i)),
                ("failedAt", Rows.N(ParkedAt + i)), ("attempts", Rows.N(10)), ("errorCode", Rows.S("publish.rejected")));
        }

        return world;
    }
}
