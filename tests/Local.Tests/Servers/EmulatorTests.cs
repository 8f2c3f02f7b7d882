using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using Relaybox.Local.Aws;
using Relaybox.Local.Processes;
using Relaybox.Local.Servers;
using Relaybox.Testing;

namespace Relaybox.Local.Tests.Servers;

public class EmulatorTests(DynamoDbLocal dynamoDb, SqsEmulator sqs)
{
    [Fact]
    public async Task Both_emulators_answer_on_loopback()
    {
        var tables = await dynamoDb.Client.ListTablesAsync(TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, tables.HttpStatusCode);
        Assert.Equal("127.0.0.1", sqs.Endpoint.Host);
    }

    [Fact]
    public async Task A_queue_url_names_the_endpoint_itself()
    {
        var client = AwsJsonClient.Sqs(sqs.Endpoint);
        var created = await client.CallAsync(
            "CreateQueue", new JsonObject { ["QueueName"] = SqsEmulator.UniqueName("q") }, TestContext.Current.CancellationToken);
        Assert.StartsWith($"{sqs.Endpoint}{LocalAws.AccountId}/q-", (string?)created["QueueUrl"], StringComparison.Ordinal);
    }

    [Fact]
    public void A_taken_port_is_named_with_what_to_do()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var port = ((IPEndPoint)listener.LocalEndpoint).Port;
        var error = Assert.Throws<RunnerException>(() => NetworkPorts.RequireFree(port, "DynamoDB Local"));
        Assert.Contains($"Port {port} (DynamoDB Local) is taken", error.Message, StringComparison.Ordinal);
        Assert.Contains("--port-base 0", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_child_and_its_own_children_end_together()
    {
        var lines = new System.Collections.Concurrent.ConcurrentQueue<string>();
        var child = ChildProcess.Start("/bin/sh", ["-c", "sleep 600 & echo $!; wait"], null, null, lines.Enqueue);
        await Eventually.TrueAsync(() => !lines.IsEmpty, "the grandchild's pid");
        var grandchild = int.Parse(lines.First(), System.Globalization.CultureInfo.InvariantCulture);
        Assert.True(Signals.Exists(grandchild));

        child.Kill();
        Assert.Equal(128 + Signals.Kill, await child.Exited);
        await Eventually.TrueAsync(() => !IsRunning(grandchild), "the grandchild's end");
    }

    private static bool IsRunning(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !File.ReadAllText($"/proc/{pid}/stat").Contains(") Z ", StringComparison.Ordinal);
        }
        catch (Exception exception) when (exception is ArgumentException or IOException or InvalidOperationException)
        {
            return false;
        }
    }
}
