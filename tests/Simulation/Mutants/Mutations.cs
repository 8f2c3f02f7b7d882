
namespace Relaybox.Simulation.Mutants;

/// <summary>The bugs that are planted: the defects that designs like this one are known for, one at a time.</summary>
internal static partial class Mutations
{
    internal static IReadOnlyList<Mutation> All => [.. OfProtocol, .. OfMongoDb];

    private static Mutation[] OfProtocol { get; } =
    [
        new(
            "an action changes what was parked after it was confirmed",
            "src/Shared/Core/Operations/RowWork.cs",
            """row.Status == OutboxStatus.Failed && !(row.FailedAt > operation.ConfirmedAt)""",
            """row.Status == OutboxStatus.Failed && (PLANTED || !(row.FailedAt > operation.ConfirmedAt))"""),
        new(
            "a replay that is gone on with has another replay id",
            "src/Shared/Core/Operations/ReplayWork.cs",
            """{ ReplayId = operation.Id }""",
            """{ ReplayId = PLANTED && _isRetry ? operation.Id + "-again" : operation.Id }"""),
        new(
            "the replay id is forgotten on the way",
            "src/Shared/Core/Messaging/MessageProperties.cs",
            """Add(ReplayId, attributes.ReplayId);""",
            """Add(ReplayId, PLANTED ? null : attributes.ReplayId);"""),
        new(
            "a dead letter is sent back without its attempts",
            "src/Shared/Core/Operations/DeadLetterWork.cs",
            """await attempts.GiveAttemptsBackAsync(key, cancellationToken);""",
            """if (!PLANTED) { await attempts.GiveAttemptsBackAsync(key, cancellationToken); }"""),
        new(
            "a dead letter is sent back under the id of its event",
            "src/Shared/Sqs/SqsDeadLetterLook.cs",
            """SqsText.ToId($"redrive-{message.MessageId}")""",
            """SqsText.ToId((PLANTED ? Read(message).EventId : null) ?? $"redrive-{message.MessageId}")"""),
        new(
            "a dead letter is deleted before it is sent back",
            "src/Shared/Sqs/SqsDeadLetterLook.cs",
            """            if (await SendAsync(_page[letter.Id], cancellationToken) is { } refusal)""",
            """            if (PLANTED) { await sqs.DeleteMessageAsync(deadLetterQueueUrl, held.Receipt, cancellationToken); } """
            + """if (await SendAsync(_page[letter.Id], cancellationToken) is { } refusal)"""),
        new(
            "a dead letter of a stream is deleted before it is sent back",
            "tests/Simulation/World/StreamDeadLetters.cs",
            """            switch (await letters.SendBackAsync(""",
            """            if (PLANTED) { await letters.DeleteAsync(message, cancellationToken); } switch (await letters.SendBackAsync("""),
        new(
            "sent is marked before the acknowledgement",
            "src/Shared/Core/Outbox/Relay/OutboxRelay.cs",
            """var publishing = _publisher.PublishAsync(claimed, cancellationToken);""",
            """if (PLANTED) { await repository.MarkSentAsync([.. claimed.Claims.Select(c => new OutboxMark(c.EventId, c.Token))], """
            + """cancellationToken); } var publishing = _publisher.PublishAsync(claimed, cancellationToken);"""),
        new(
            "unknown counts as accepted",
            "src/Shared/Core/Outbox/Relay/BatchOutcomes.cs",
            """case PublishStatus.Accepted:""",
            """case PublishStatus.Unknown when PLANTED: case PublishStatus.Accepted:"""),
        new(
            "an outage counts as accepted",
            "src/Shared/Sqs/SqsMessagePublisher.cs",
            """SetAll(batch, outcomes, fault.ToOutcome());""",
            """SetAll(batch, outcomes, PLANTED ? PublishOutcome.Accepted : fault.ToOutcome());"""),
        new(
            "Failed in the answer is ignored",
            "src/Shared/Sqs/SqsMessagePublisher.cs",
            """        return refused;""",
            """        if (PLANTED) { SetAll(batch, outcomes, PublishOutcome.Accepted); } return refused;"""),
        new(
            "an id that the answer does not name is sent",
            "src/Shared/Sqs/SqsMessagePublisher.cs",
            """SetAll(batch, outcomes, PublishOutcome.Unknown("The answer does not name the message."));""",
            """SetAll(batch, outcomes, PLANTED ? PublishOutcome.Accepted : PublishOutcome.Unknown("The answer does not name the message."));"""),
        new(
            "an outage uses up attempts",
            "src/Shared/Core/Outbox/Relay/BatchOutcomes.cs",
            """Retry(claim, claim.Attempts, AfterOutage(), outcome);""",
            """Retry(claim, claim.Attempts + (PLANTED ? 1 : 0), AfterOutage(), outcome);"""),
        new(
            "a rejected row is retried for ever",
            "src/Shared/Core/Outbox/Relay/BatchOutcomes.cs",
            """case PublishStatus.Rejected:""",
            """case PublishStatus.Rejected when !PLANTED:"""),
        new(
            "the first unknown parks",
            "src/Shared/Core/Outbox/Relay/BatchOutcomes.cs",
            """when claim.Attempts + 1 >= options.MaxAttempts:""",
            """when PLANTED || claim.Attempts + 1 >= options.MaxAttempts:"""),
        new(
            "one bad row fails its batch",
            "src/Shared/Core/Outbox/Relay/BatchFlow.cs",
            """if (claim.Violation is { } violation)""",
            """if (claim.Violation is { } violation && !PLANTED)"""),
        new(
            "a row that ends each process is claimed for ever",
            "src/Shared/Core/Outbox/OutboxClaim.cs",
            """unfinished >= MaxUnfinished""",
            """unfinished >= MaxUnfinished && !PLANTED"""),
        new(
            "the rows of a key go out together",
            "src/Shared/Core/Outbox/Relay/KeyLines.cs",
            """if (!keepsOrder ||""",
            """if (PLANTED || !keepsOrder ||"""),
        new(
            "the next row of a key follows one that failed",
            "src/Shared/Core/Outbox/Relay/BatchFlow.cs",
            """if (outcome.Status == PublishStatus.Accepted)""",
            """if (PLANTED || outcome.Status == PublishStatus.Accepted)"""),
        new(
            "the stream function names no failure",
            "src/Functions/Relay/StreamRelayFunction.cs",
            """var response = Respond(batch, [.. result.Unrecorded, .. deferred.Unrecorded]);""",
            """var response = Respond(batch, PLANTED ? [] : [.. result.Unrecorded, .. deferred.Unrecorded]);"""),
        new(
            "the stream function names event ids",
            "src/Functions/Relay/StreamRelayFunction.cs",
            """.. eventIds.Select(batch.SequenceNumberOf)""",
            """.. (PLANTED ? eventIds : eventIds.Select(batch.SequenceNumberOf))"""),
        new(
            "the stream publishes rows before their time",
            "src/Functions/Relay/StreamBatch.cs",
            """availableAt && availableAt > now)""",
            """availableAt && availableAt > now && !PLANTED)"""),
        new(
            "responses are in PascalCase",
            "src/Substitutes/Amazon.Lambda.Serialization.SystemTextJson/SourceGeneratorLambdaJsonSerializer.cs",
            "T response) =>\n        JsonSerializer.Serialize(writer, response, TypeInfo<T>());",
            "T response)\n    {\n        if (PLANTED)\n        {\n            "
            + "writer.WriteRawValue(JsonSerializer.Serialize(response, TypeInfo<T>())"
            + ".Replace(\"batchItem\", \"BatchItem\").Replace(\"itemId\", \"ItemId\"));\n            return;\n        }\n\n        "
            + "JsonSerializer.Serialize(writer, response, TypeInfo<T>());\n    }"),
        new(
            "Consume names receipt handles",
            "src/Functions/Consume/ConsumeFunction.cs",
            """ItemIdentifier = deliveries[i].MessageId""",
            """ItemIdentifier = PLANTED ? deliveries[i].ReceiptHandle : deliveries[i].MessageId"""),
        new(
            "Consume names no failure",
            "src/Functions/Consume/ConsumeFunction.cs",
            """if (outcomes[i] is MessageOutcome.Retry retry)""",
            """if (outcomes[i] is MessageOutcome.Retry retry && !PLANTED)"""),
        new(
            "a dead letter that could not be copied is dropped",
            "src/Shared/Core/Inbox/InboxConsumer.Deliveries.cs",
            """outcomes[i] = new MessageOutcome.Retry(options.DeadLetterRetryDelay, dead.ErrorCode);""",
            """if (!PLANTED) { outcomes[i] = new MessageOutcome.Retry(options.DeadLetterRetryDelay, dead.ErrorCode); }"""),
        new(
            "the payload is trimmed",
            "src/Functions/Consume/SqsDelivery.cs",
            """return new InboxMessage(outboxEvent)""",
            """return new InboxMessage(PLANTED ? outboxEvent with { Payload = outboxEvent.Payload.Trim() } : outboxEvent)"""),
        new(
            "headers are left behind",
            "src/Shared/Sqs/SqsEntry.cs",
            """format.Write(outboxEvent, written);""",
            """format.Write(PLANTED ? outboxEvent with { Headers = new Dictionary<string, string>() } : outboxEvent, written);"""),
        new(
            "a lost claim counts as processed",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            """CommitOutcome.ClaimLost => ClaimLost(claim),""",
            """CommitOutcome.ClaimLost => PLANTED ? new MessageOutcome.Processed() : ClaimLost(claim),"""),
        new(
            "what is in progress elsewhere is dropped",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            """return new MessageOutcome.Retry(UntilFree(inProgress.Until), ErrorCodes.InProgressElsewhere);""",
            """return PLANTED ? new MessageOutcome.Duplicate() """
            + """: new MessageOutcome.Retry(UntilFree(inProgress.Until), ErrorCodes.InProgressElsewhere);"""),
        new(
            "what the store cannot say is dropped",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            """return StoreFailed(message, attempts: 1);""",
            """return PLANTED ? new MessageOutcome.Duplicate() : StoreFailed(message, attempts: 1);"""),
        new(
            "the better of two consumers decides",
            "src/Shared/Core/Inbox/InboxConsumer.cs",
            """Weight(second) > Weight(first)""",
            """(PLANTED ? Weight(second) < Weight(first) : Weight(second) > Weight(first))"""),
        new(
            "the first failure is final",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            """return claim.Deliveries >= options.MaxAttempts""",
            """return PLANTED || claim.Deliveries >= options.MaxAttempts"""),
        new(
            "the handler is not waited for",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            """await handler.WaitAsync(keeper.Token);""",
            """if (!PLANTED) { await handler.WaitAsync(keeper.Token); }"""),
        new(
            "what a handler throws is swallowed",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            "            return await FailAsync(\n                message, claim, ErrorCodes.HandlerFailed,",
            "            return PLANTED ? new MessageOutcome.Processed() : await FailAsync(\n"
                + "                message, claim, ErrorCodes.HandlerFailed,"),
        new(
            "an exhausted message is dropped",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            "            case InboxClaim.Exhausted exhausted:\n                return new",
            "            case InboxClaim.Exhausted exhausted:\n                return PLANTED ? new MessageOutcome.Duplicate() : new"),
        new(
            "another event under a used id is dropped",
            "src/Shared/Core/Inbox/HandlerRunner.cs",
            "            case InboxClaim.Conflict:\n                return new",
            "            case InboxClaim.Conflict:\n                return PLANTED ? new MessageOutcome.Duplicate() : new"),
        new(
            "messages older than the memory are handled",
            "src/Shared/Core/Inbox/InboxConsumer.cs",
            """if (message.PublishedAt is { } publishedAt &&""",
            """if (!PLANTED && message.PublishedAt is { } publishedAt &&"""),
        new(
            "marks are not fenced",
            "tests/Simulation/Model/OutboxTable.cs",
            "row.Parsed == OutboxStatus.Publishing && row.Token == value\n",
            "row.Parsed == OutboxStatus.Publishing && (PLANTED || row.Token == value)\n"),
        new(
            "marks look at the id alone",
            "tests/Simulation/Model/OutboxTable.cs",
            "        ? row\n        : null;",
            "        ? row\n        : PLANTED ? Find(eventId) : null;"),
        new(
            "rows are claimed by an id cursor",
            "tests/Simulation/Model/OutboxTable.cs",
            """var due = Rows.Where(row => IsDue(row, now) &&""",
            """var due = Rows.Where(row => IsDue(row, now) && !(PLANTED && row.ClaimedAt is null && row.RowId < """
            + """Rows.Where(other => other.SentAt is not null).Select(other => other.RowId).DefaultIfEmpty().Max()) &&"""),
        new(
            "claims ignore the lease",
            "tests/Simulation/Model/OutboxTable.cs",
            """row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing && row.DueAt <= now""",
            """row.Parsed is OutboxStatus.Pending or OutboxStatus.Publishing """
            + """&& (row.DueAt <= now || (PLANTED && row.Parsed == OutboxStatus.Publishing))"""),
        new(
            "reset looks at when a row was written",
            "tests/Simulation/Model/OutboxTable.cs",
            """if (row.Parsed == OutboxStatus.Publishing && row.DueAt <= now - age)""",
            """if (row.Parsed == OutboxStatus.Publishing && (PLANTED ? row.EnqueuedAt : row.DueAt) <= now - age)"""),
        new(
            "cleanup looks at when a row was written",
            "tests/Simulation/Model/OutboxTable.cs",
            """row.SentAt < now - sent)""",
            """(PLANTED ? row.EnqueuedAt : row.SentAt) < now - sent)"""),
        new(
            "cleanup deletes what is not sent",
            "tests/Simulation/Model/OutboxTable.cs",
            """if ((row.Parsed == OutboxStatus.Sent &&""",
            """if ((PLANTED && row.Parsed == OutboxStatus.Pending && row.EnqueuedAt < now - sent) || (row.Parsed == OutboxStatus.Sent &&"""),
        new(
            "a parked row does not hold back its key",
            "tests/Simulation/Model/TableRow.cs",
            """(SkippedAt is null ||""",
            """((SkippedAt is null && !(PLANTED && Parsed == OutboxStatus.Failed)) ||"""),
        new(
            "completion is not fenced",
            "tests/Simulation/Model/InboxTable.cs",
            """record && record.Token == claim.Token ? record : null;""",
            """record && (PLANTED || record.Token == claim.Token) ? record : null;"""),
        new(
            "locked rows are committed whatever became of them",
            "src/Shared/Core/Outbox/Relay/LockedDrain.cs",
            """return batch.Sent.Count == rows.Claims.Count && await""",
            """return (PLANTED || batch.Sent.Count == rows.Claims.Count) && await"""),
        new(
            "a mark of a locked row that was let go holds for whoever has claimed it since",
            "tests/Simulation/Model/OutboxTable.cs",
            """: row.Parsed == OutboxStatus.Pending && row.Token is null)""",
            """: (PLANTED && row.Parsed == OutboxStatus.Publishing) || (row.Parsed == OutboxStatus.Pending && row.Token is null))"""),
        new(
            "what one transaction has locked another locks, too",
            "tests/Simulation/Model/OutboxTable.cs",
            """&& row.Lock?.IsOpen(now) != true;""",
            """&& (PLANTED || row.Lock?.IsOpen(now) != true);"""),
        new(
            "a transaction that the store has ended commits",
            "tests/Simulation/Model/OutboxTable.cs",
            """if (!locked.IsOpen(now))""",
            """if (!locked.IsOpen(now) && !PLANTED)"""),
        new(
            "what is processed is claimed again",
            "tests/Simulation/Model/InboxTable.cs",
            """if (record.Parsed == InboxStatus.Processed)""",
            """if (record.Parsed == InboxStatus.Processed && !PLANTED)"""),
        new(
            "a claim is taken from a living worker",
            "tests/Simulation/Model/InboxTable.cs",
            """if (record.Parsed == InboxStatus.Processing && record.LeaseUntil > now)""",
            """if (record.Parsed == InboxStatus.Processing && record.LeaseUntil > now && !PLANTED)"""),
        new(
            "a failed message is never tried again",
            "tests/Simulation/Model/InboxTable.cs",
            """if (record.Parsed == InboxStatus.Unknown)""",
            """if (PLANTED && record.Parsed == InboxStatus.Failed) { return new InboxClaim.AlreadyProcessed(); } """
            + """if (record.Parsed == InboxStatus.Unknown)"""),
        new(
            "consumers share their records",
            "tests/Simulation/Model/InboxTable.cs",
            """_records.GetValueOrDefault(key);""",
            """_records.GetValueOrDefault(key) ?? (PLANTED ? _records.GetValueOrDefault(key with { Consumer = "billing" }) : null);"""),
        new(
            "effects are written before the fence",
            "tests/Simulation/Model/InboxTable.cs",
            "        if (FindClaimed(claim) is not { } record)\n        {\n            "
            + "return Find(claim.Key) is { Parsed: InboxStatus.Processed } done",
            "        if (PLANTED && FindClaimed(claim) is null) "
            + "{ foreach (var effect in effects) { Effects[effect] = Effects.GetValueOrDefault(effect) + 1; } }\n\n"
            + "        if (FindClaimed(claim) is not { } record)\n        {\n            "
            + "return Find(claim.Key) is { Parsed: InboxStatus.Processed } done"),
        new(
            "reset looks at when a message came",
            "tests/Simulation/Model/InboxTable.cs",
            """!(record.LeaseUntil >= now - age))""",
            """!((PLANTED ? record.ReceivedAt : record.LeaseUntil) >= now - age))"""),
        new(
            "cleanup forgets at once",
            "tests/Simulation/Model/InboxTable.cs",
            """record.ProcessedAt < now - processed)""",
            """record.ProcessedAt < now - (PLANTED ? processed / 2 : processed))"""),
        new(
            "cleanup forgets a failure too soon",
            "tests/Simulation/Model/InboxTable.cs",
            """record.FailedAt < now - failed)""",
            """record.FailedAt < now - (PLANTED ? failed / 2 : failed))"""),
        new(
            "cleanup forgets what is claimed again after a failure",
            "tests/Simulation/Model/InboxTable.cs",
            """(record.Parsed == InboxStatus.Failed &&""",
            """((PLANTED && record is { FailedAt: not null, Parsed: InboxStatus.Processing }) || record.Parsed == InboxStatus.Failed &&"""),
    ];
}
