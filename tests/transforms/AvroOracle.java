/* Records of cases.json as AvroData makes them: schema text and binary, of keys and values. */
import com.fasterxml.jackson.databind.*;
import com.fasterxml.jackson.databind.node.*;
import io.apicurio.registry.utils.converter.avro.AvroData;
import io.apicurio.registry.serde.avro.NonRecordContainer;
import java.io.*;
import java.util.*;
import org.apache.avro.generic.*;
import org.apache.avro.io.*;
import org.apache.kafka.connect.data.*;
import org.apache.kafka.connect.json.JsonConverter;

public class AvroOracle {
    public static void main(String[] args) throws Exception {
        ObjectMapper mapper = new ObjectMapper();
        JsonConverter json = new JsonConverter();
        json.configure(Map.of("schemas.enable", "true", "replace.null.with.default", "false"), false);
        AvroData data = new AvroData(1000);
        JsonNode all = mapper.readTree(new File(args[0]));
        System.out.println("{");
        Iterator<Map.Entry<String, JsonNode>> records = all.get("records").fields();
        while (records.hasNext()) {
            var entry = records.next();
            ObjectNode out = mapper.createObjectNode();
            for (String side : new String[]{"key", "value"}) {
                JsonNode node = entry.getValue().get(side);
                if (node == null || node.isNull()) continue;
                SchemaAndValue read = json.toConnectData("t", mapper.writeValueAsBytes(node));
                ObjectNode made = out.putObject(side);
                try {
                    Object avro = data.fromConnectData(read.schema(), read.value());
                    org.apache.avro.Schema schema = data.fromConnectSchema(read.schema());
                    if (avro instanceof NonRecordContainer) avro = ((NonRecordContainer<?>) avro).getValue();
                    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
                    BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(bytes, null);
                    new GenericDatumWriter<Object>(schema).write(avro, encoder);
                    encoder.flush();
                    made.put("schema", schema.toString());
                    made.put("bytes", Base64.getEncoder().encodeToString(bytes.toByteArray()));
                } catch (Throwable fault) {
                    made.put("error", String.valueOf(fault));
                }
            }
            System.out.println(mapper.writeValueAsString(entry.getKey()) + ": " + mapper.writeValueAsString(out) + (records.hasNext() ? "," : ""));
        }
        System.out.println("}");
    }
}
