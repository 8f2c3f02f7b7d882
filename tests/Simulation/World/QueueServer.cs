using System.Net;
using Amazon.SQS;
using Amazon.SQS.Model;
using Relaybox.Events;
using Relaybox.Messaging;
using Relaybox.Messaging.Formats;
using Relaybox.Simulation.Engine;
using Relaybox.Simulation.Model;
using Relaybox.Sqs;

namespace Relaybox.Simulation.World;

/// <summary>The queue service as a process reaches it: batches are taken in part, refused in part, and some messages twice.</summary>
internal sealed class QueueServer(World world, SimProcess process) : IQueueServer
{
    public async Task<SendMessageBatchResponse> SendBatchAsync(SendMessageBatchRequest request, CancellationToken cancellationToken)
    {
        var events = request.Entries.ConvertAll(entry => (entry.Id, Event: Read(entry.MessageBody, entry.MessageAttributes)));
        await world.PublishFatalAsync(process, events.Select(entry => entry.Event.EventId));
        return await world.Wire.CallAsync(
            process,
            $"queue.send {string.Join(' ', events.Select(entry => entry.Event.EventId))}",
            () =>
            {
                var response = new SendMessageBatchResponse { Successful = [], Failed = [] };
                foreach (var entry in request.Entries)
                {
                    Take(entry, response);
                }

                return response;
            },
            cancellationToken,
            response => Tell(events, response));
    }

    public Task<SendMessageResponse> SendAsync(SendMessageRequest request, CancellationToken cancellationToken)
    {
        var isDead = ModelSqs.IsDead(request.QueueUrl);
        return world.Wire.CallAsync(
            process,
            isDead ? "dead.send" : "dead.send-back",
            () =>
            {
                if (isDead)
                {
                    world.Died(request.MessageBody, request.MessageAttributes, 0);
                }
                else
                {
                    SendBack(request);
                }

                (isDead ? world.DeadLetters : world.Queue).Send(
                    request.MessageBody, request.MessageAttributes, world.Loop.Now, request.MessageGroupId, request.MessageDeduplicationId);
                return new SendMessageResponse();
            },
            cancellationToken);
    }

    public Task<ReceiveMessageResponse> ReceiveDeadAsync(ReceiveMessageRequest request, CancellationToken cancellationToken) => world.Wire.CallAsync(
        process,
        "dead.receive",
        () => new ReceiveMessageResponse
        {
            Messages = world.DeadLetters.Receive(
                request.MaxNumberOfMessages ?? 1, world.Loop.Now, world.Dice.Next, TimeSpan.FromSeconds(request.VisibilityTimeout ?? 0))
                .ConvertAll(ToMessage),
        },
        cancellationToken);

    public Task<DeleteMessageResponse> DeleteDeadAsync(string receiptHandle, CancellationToken cancellationToken) => world.Wire.CallAsync(
        process,
        $"dead.delete {receiptHandle}",
        () =>
        {
            world.DeleteDeadLetter(receiptHandle);
            return new DeleteMessageResponse();
        },
        cancellationToken);

    public Task<ChangeMessageVisibilityResponse> HoldDeadAsync(
        string receiptHandle, TimeSpan time, CancellationToken cancellationToken) => world.Wire.CallAsync(
        process,
        $"dead.hold {receiptHandle}",
        () => world.DeadLetters.ChangeVisibility(receiptHandle, time, world.Loop.Now)
            ? new ChangeMessageVisibilityResponse()
            : throw new MessageNotInflightException("The receipt is an old one."),
        cancellationToken);

    public Task<GetQueueAttributesResponse> CountDeadAsync(CancellationToken cancellationToken) => world.Wire.CallAsync(
        process,
        "dead.count",
        () =>
        {
            var inHand = world.DeadLetters.CountInHand(world.Loop.Now);
            return new GetQueueAttributesResponse
            {
                Attributes = new Dictionary<string, string>
                {
                    ["ApproximateNumberOfMessages"] = $"{world.DeadLetters.Messages.Count - inHand}",
                    ["ApproximateNumberOfMessagesNotVisible"] = $"{inHand}",
                },
            };
        },
        cancellationToken);

    public Task<ChangeMessageVisibilityBatchResponse> ChangeVisibilityAsync(
        ChangeMessageVisibilityBatchRequest request, CancellationToken cancellationToken) => world.Wire.CallAsync(
        process,
        "queue.visibility",
        () =>
        {
            var queue = ModelSqs.IsDead(request.QueueUrl) ? world.DeadLetters : world.Queue;
            foreach (var entry in request.Entries)
            {
                queue.ChangeVisibility(entry.ReceiptHandle, TimeSpan.FromSeconds(entry.VisibilityTimeout ?? 0), world.Loop.Now);
            }

            return new ChangeMessageVisibilityBatchResponse();
        },
        cancellationToken);

    internal static OutboxEvent Read(string body, Dictionary<string, MessageAttributeValue>? attributes)
    {
        string? Find(string name) => attributes?.GetValueOrDefault(name)?.StringValue;
        return new SqsReader().Read(body, Find, _ => null).Event;
    }

    /// <summary>Reads a message as an event; null: it is none.</summary>
    internal static OutboxEvent? TryRead(string body, Dictionary<string, MessageAttributeValue> attributes)
    {
        try
        {
            return Read(body, attributes);
        }
        catch (MessageFormatException)
        {
            return null;
        }
    }

    private static Message ToMessage(QueuedMessage message) => new()
    {
        MessageId = message.MessageId,
        ReceiptHandle = message.ReceiptHandle,
        Body = message.Body,
        MessageAttributes = message.Attributes,
        Attributes = new Dictionary<string, string>
        {
            ["SentTimestamp"] = $"{message.SentAt.ToUnixTimeMilliseconds()}",
            ["ApproximateReceiveCount"] = $"{message.Receives}",
            ["MessageGroupId"] = message.GroupId ?? "",
        },
    };

    private void SendBack(SendMessageRequest request)
    {
        if (world.Strikes(process, "queue refuses a dead letter", 0.3))
        {
            throw new AmazonSQSException("no") { ErrorCode = "InvalidMessageContents", StatusCode = HttpStatusCode.BadRequest };
        }

        world.Checker.Count("dead letters sent back");
        Checker.Require(
            request.MessageAttributes.Keys.All(name => name is not (SqsAttributes.ErrorCode or SqsAttributes.SourceMessageId)),
            "S13",
            "what is sent back says that it is dead");
    }

    private void Take(SendMessageBatchRequestEntry entry, SendMessageBatchResponse response)
    {
        var isRefused = world.Checker.Of(Read(entry.MessageBody, entry.MessageAttributes).EventId).Written.IsRefused;
        if (isRefused || world.Strikes(process, "queue refuses an entry", 0.3))
        {
            var final = isRefused || world.Dice.Chance(0.2);
            response.Failed.Add(
                new BatchResultErrorEntry { Id = entry.Id, Code = final ? "InvalidAttributeValue" : "InternalError", SenderFault = final });
            return;
        }

        if (world.Strikes(process, "queue throttles an entry", 0.1))
        {
            response.Failed.Add(new BatchResultErrorEntry { Id = entry.Id, Code = "ThrottlingException", SenderFault = false });
            return;
        }

        if (world.Strikes(process, "queue forgets an entry", 0.1))
        {
            return;
        }

        for (var copies = world.Strikes(process, "queue takes an entry twice", 0.2) ? 2 : 1; copies > 0; copies--)
        {
            world.Published(Read(entry.MessageBody, entry.MessageAttributes));
            world.Queue.Send(
                entry.MessageBody, entry.MessageAttributes, world.Loop.Now, entry.MessageGroupId, entry.MessageDeduplicationId);
            world.Sent(entry.MessageBody, entry.MessageAttributes);
        }

        if (!world.Strikes(process, "queue does not name an entry", 0.1))
        {
            response.Successful.Add(new SendMessageBatchResultEntry { Id = entry.Id, MessageId = "m" });
        }
    }

    private void Tell(List<(string Id, OutboxEvent Event)> events, SendMessageBatchResponse response)
    {
        foreach (var (id, e) in events)
        {
            var fate = world.Checker.Of(e.EventId);
            var failed = response.Failed.Find(entry => entry.Id == id);
            if (response.Successful.Exists(entry => entry.Id == id))
            {
                fate.IsAcknowledged = true;
            }
            else if (failed?.Code != "ThrottlingException")
            {
                fate.Refusals++;
                fate.IsRejected |= failed?.SenderFault == true;
            }
        }
    }
}
