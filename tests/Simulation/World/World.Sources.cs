using System.Text.Json;
using Amazon.Lambda.DynamoDBEvents;
using Amazon.Lambda.Serialization.SystemTextJson;
using Amazon.Lambda.SQSEvents;
using Relaybox.Events;
using Relaybox.Functions.Hosting;
using Relaybox.Inbox;
using Relaybox.Messaging;
using Relaybox.Outbox;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;

namespace Relaybox.Simulation.World;

// The event sources: what Lambda does with batches of messages and records, and with what the functions answer.
internal sealed partial class World
{
    private static readonly SourceGeneratorLambdaJsonSerializer<SqsJsonContext> SqsJson = new();
    private static readonly SourceGeneratorLambdaJsonSerializer<StreamJsonContext> StreamJson = new(StreamJsonContext.Customize);

    private void Poll(Slot slot)
    {
        if (slot.IsBusy)
        {
            return;
        }

        if (Options.IsQueue)
        {
            PollQueue(slot);
        }
        else
        {
            PollStream(slot);
        }
    }

    private void PollQueue(Slot slot)
    {
        var dead = DeadLetters.Messages.Count;
        var received = Queue.Receive(5, Loop.Now, Dice.Next);
        foreach (var message in DeadLetters.Messages.Skip(dead))
        {
            Died(message.Body, message.Attributes, message.Receives);
        }

        if (received.Count == 0)
        {
            return;
        }

        foreach (var message in received)
        {
            if (Faults.Strikes(Loop.Elapsed, $"queue delivers {message.MessageId} twice"))
            {
                message.VisibleAt = Loop.Now;
            }
        }

        var input = new SQSEvent
        {
            Records = received.ConvertAll(message => new SQSEvent.SQSMessage
            {
                MessageId = message.MessageId,
                ReceiptHandle = message.ReceiptHandle,
                Body = message.Body,
                EventSourceArn = $"arn:aws:sqs:us-east-1:000000000000:queue{(Options.IsFifo ? ".fifo" : "")}",
                Attributes = message.GroupId is { } group ? new Dictionary<string, string> { ["MessageGroupId"] = group } : [],
                MessageAttributes = message.Attributes.ToDictionary(
                    attribute => attribute.Key,
                    attribute => new SQSEvent.MessageAttribute { DataType = attribute.Value.DataType, StringValue = attribute.Value.StringValue }),
            }),
        };
        Invoke(
            slot,
            30,
            (env, context) => env.Consume.HandleAsync(input, context),
            response => Settle(received, response));
    }

    // A function that failed keeps its whole batch; one that names no failure loses it.
    private void Settle(List<QueuedMessage> received, SQSBatchResponse? response)
    {
        if (response is null)
        {
            return;
        }

        var failed = ReadFailures(output => SqsJson.Serialize(response, output));
        Checker.Require(
            failed.All(id => received.Exists(message => message.MessageId == id)), "S11", $"the response names {string.Join(' ', failed)}");
        foreach (var message in received.Where(message => !failed.Contains(message.MessageId)))
        {
            var isDead = _copiedToDead.Contains(message.MessageId);
            Checker.TakenOff(message.MessageId, isDead ? null : ReadHandled(message), isDead);
            Trace.Add(Loop.Elapsed, "queue", "deletes", message.MessageId);
            Queue.Delete(message);
        }
    }

    private static OutboxEvent ReadHandled(QueuedMessage message)
    {
        try
        {
            return QueueServer.Read(message.Body, message.Attributes);
        }
        catch (Messaging.MessageFormatException)
        {
            throw new InvariantException("L2", $"'{message.MessageId}' cannot be read, and was taken off the queue without a dead letter");
        }
    }

    private static List<string> ReadFailures(Action<MemoryStream> write)
    {
        var output = new MemoryStream();
        write(output);
        using var json = JsonDocument.Parse(output.GetBuffer().AsMemory(0, (int)output.Length));
        return json.RootElement.TryGetProperty("batchItemFailures", out var failures) && failures.ValueKind == JsonValueKind.Array
            ? [.. failures.EnumerateArray().Select(failure => failure.TryGetProperty("itemIdentifier", out var id) ? id.GetString() ?? "" : "")]
            : [];
    }

    private void PollStream(Slot slot)
    {
        var pulled = Stream.Pull(5, Loop.Now);
        if (pulled.Count == 0)
        {
            return;
        }

        var messages = pulled.ConvertAll(message => new InboxMessage(message.Event)
        {
            MessageId = $"s-{message.Sequence}",
            Stream = "EVENTS",
            StreamSequence = message.Sequence,
        });
        Invoke(
            slot,
            60,
            async (env, context) =>
            {
                var deadline = Invocation.Begin(context, env.Process.Clock);
                var outcomes = await env.Consumer.ConsumeAsync(messages, deadline, CancellationToken.None);
                await Task.WhenAll(outcomes.Select((outcome, i) => Wire.CallAsync(
                    env.Process, $"stream.settle {pulled[i].Event.EventId}", () => Settle(pulled[i], outcome), CancellationToken.None)));
                return true;
            },
            _ => { });
    }

    private bool Settle(StreamMessage message, MessageOutcome outcome)
    {
        switch (outcome)
        {
            case MessageOutcome.Retry retry:
                message.VisibleAt = Loop.Now + retry.Delay;
                break;
            case MessageOutcome.DeadLetter dead when !message.IsDone:
                message.IsDone = true;
                Checker.Died(Checker.Of(message.Event.EventId), dead.ErrorCode, message.Deliveries, Deliveries(Checker.Of(message.Event.EventId)));
                Stream.Bury(message.Event, dead.ErrorCode, Loop.Now);
                break;
            case MessageOutcome.Processed or MessageOutcome.Duplicate:
                message.IsDone = true;
                Checker.TakenOff($"s-{message.Sequence}", message.Event, Stream.Dead.Any(letter => letter.Event.EventId == message.Event.EventId));
                break;
            default:
                break;
        }

        return true;
    }

    private void PollShard(Slot slot)
    {
        if (slot.IsBusy || _shardAt >= _shard.Count)
        {
            return;
        }

        var count = Math.Min(Math.Max(1, 4 >> _shardTries), _shard.Count - _shardAt);
        if (Faults.Strikes(Loop.Elapsed, "the stream gives records again") && _shardAt > 0)
        {
            _shardAt--;
            count = Math.Min(count + 1, 4);
        }

        var first = _shardAt;
        var rows = _shard.GetRange(first, count);
        var input = new DynamoDBEvent { Records = [.. rows.Select((row, i) => ToRecord(row, first + i))] };
        Invoke(
            slot,
            60,
            (env, context) => env.Stream.HandleAsync(input, context),
            response => Settle(rows, first, response));
    }

    private void Settle(List<TableRow> rows, int first, StreamsEventResponse? response)
    {
        var failed = response is null
            ? [$"{first}"]
            : ReadFailures(output => StreamJson.Serialize(response, output));
        var numbers = failed.ConvertAll(number => int.TryParse(number, out var n) ? n : -1);
        Checker.Require(numbers.TrueForAll(n => n >= first && n < first + rows.Count), "S11", $"the response names {string.Join(' ', failed)}");
        var next = numbers.Count == 0 ? first + rows.Count : numbers.Min();
        for (var i = first; i < next; i++)
        {
            var row = OutboxTable.Find(_shard[i].EventId);
            var isForgotten = row is { Parsed: OutboxStatus.Pending, DueAt: null, Token: null };
            Checker.Require(!isForgotten, "S1", $"the stream went past '{row?.EventId}', which has no outcome and is in no index");
        }

        // What fails for too long goes to the queue of failures; a reconcile finds its row.
        _shardTries = next == first ? _shardTries + 1 : 0;
        if (_shardTries > 4)
        {
            _shardTries = 0;
            next = first + 1;
        }

        _shardAt = next;
    }

    private static DynamoDBEvent.DynamodbStreamRecord ToRecord(TableRow row, int number)
    {
        var image = new Dictionary<string, DynamoDBEvent.AttributeValue>
        {
            ["eventId"] = new() { S = row.EventId },
            ["subject"] = new() { S = row.Subject },
            ["payload"] = new() { S = row.Payload },
            ["status"] = new() { S = row.Status },
        };
        if (row.Headers is { Count: > 0 } headers)
        {
            image["headers"] = new()
            {
                M = headers.ToDictionary(header => header.Key, header => new DynamoDBEvent.AttributeValue { S = header.Value }),
            };
        }

        if (row.OrderingKey is { } key)
        {
            image["orderingKey"] = new() { S = key };
        }

        if (row.AvailableAt is { } available)
        {
            image["availableAt"] = new() { N = $"{available.ToUnixTimeMilliseconds()}" };
        }

        if (row.DueAt is { } due)
        {
            image["dueShard"] = new() { S = "0" };
            image["dueAt"] = new() { N = $"{due.ToUnixTimeMilliseconds()}" };
        }

        return new DynamoDBEvent.DynamodbStreamRecord
        {
            EventName = "INSERT",
            Dynamodb = new DynamoDBEvent.StreamRecord { NewImage = image, SequenceNumber = $"{number}" },
        };
    }
}
