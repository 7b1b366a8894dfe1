// What Xerces says of labels: a line for each label of standard input, then one for each message.
// Schemas are found by file name under the folder that is the first argument.

import java.io.BufferedReader;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.xerces.parsers.SAXParser;
import org.xml.sax.ErrorHandler;
import org.xml.sax.InputSource;
import org.xml.sax.SAXParseException;

public class Xerces {
  public static void main(String[] given) throws Exception {
    Map<String, String> schemas = new HashMap<>();
    Files.walk(Paths.get(given[0]))
        .filter(path -> path.toString().endsWith(".xsd"))
        .forEach(path -> schemas.put(path.getFileName().toString().toLowerCase(), path.toString()));
    BufferedReader labels = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
    PrintStream out = new PrintStream(System.out, false, "UTF-8");
    for (String label; (label = labels.readLine()) != null; ) {
      List<String> told = new ArrayList<>();
      check(label, schemas, told);
      out.println("label\t" + label);
      for (String each : told) out.println(each.replace("\n", " "));
    }
    out.flush();
  }

  private static void check(String label, Map<String, String> schemas, List<String> told)
      throws Exception {
    SAXParser parser = new SAXParser();
    parser.setFeature("http://xml.org/sax/features/validation", true);
    parser.setFeature("http://apache.org/xml/features/validation/schema", true);
    parser.setEntityResolver((id, address) -> {
      String name = address.substring(address.lastIndexOf('/') + 1).toLowerCase();
      if (!schemas.containsKey(name)) throw new IOException("not there");
      InputSource source = new InputSource(new FileInputStream(schemas.get(name)));
      source.setSystemId(address);
      return source;
    });
    parser.setErrorHandler(new ErrorHandler() {
      public void warning(SAXParseException error) {}

      public void error(SAXParseException error) {
        told.add("error\t" + error.getLineNumber() + "\t" + error.getMessage());
      }

      public void fatalError(SAXParseException error) throws SAXParseException {
        throw error;
      }
    });
    try {
      parser.parse(new InputSource(new FileInputStream(label)));
    } catch (SAXParseException error) {
      told.add("unread\t0\t" + error.getMessage());
    }
  }
}
