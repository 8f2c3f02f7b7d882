using System.Text;
using System.Text.Json.Nodes;

namespace Relaybox.Functions.Maintenance;

/// <summary>
/// Answers CloudFormation where Setup is a custom resource: see "Custom resource response objects" in its user guide.
/// </summary>
/// <param name="http">The client.</param>
internal sealed class StackAnswer(HttpClient http)
{
    private const string ResourceId = "relaybox-setup";
    private const int LongestReason = 1_000;

    /// <summary>Says how it went.</summary>
    /// <param name="request">The request.</param>
    /// <param name="failure">What went wrong; null: nothing.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="HttpRequestException">The answer did not arrive.</exception>
    public async Task SendAsync(SetupInput request, string? failure, CancellationToken cancellationToken)
    {
        var answer = new JsonObject
        {
            ["Status"] = failure is null ? "SUCCESS" : "FAILED",
            ["Reason"] = failure is { Length: > LongestReason } ? failure[..LongestReason] : failure ?? "",
            ["PhysicalResourceId"] = ResourceId,
            ["StackId"] = request.StackId,
            ["RequestId"] = request.RequestId,
            ["LogicalResourceId"] = request.LogicalResourceId,
        };

        // The URL is signed for a body without a content type.
        using var content = new ByteArrayContent(Encoding.UTF8.GetBytes(answer.ToJsonString()));
        using var response = await http.PutAsync(request.ResponseUrl, content, cancellationToken);
        response.EnsureSuccessStatusCode();
    }
}
